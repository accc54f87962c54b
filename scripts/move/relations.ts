// Finds what is moved: declared tables, stored buckets of aggregates, and what imports have noted, with the columns on both sides.
import { RefusedError } from '../../db/core/errors';
import { ident } from '../../db/core/sql';
import { readStored } from '../../db/engines/stored-aggregates';
import type { ContinuousAggregate } from '../../db/language/aggregate';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { lengthOf } from '../../db/language/interval';
import { nameOf } from '../../db/language/names';
import type { Db } from '../../db/model';
import type { Engines, Moved, Pair } from './model';
import { SLICES } from './model';

/** Files that were imported are known at the target too, so that the same import is refused there. Referenced tables come first. */
const IMPORTS = [
  { schema: 'tsdb', name: 'import', primaryKey: ['digest'], isReferenced: true },
  { schema: 'tsdb', name: 'import_batch', primaryKey: ['digest', 'number'], isReferenced: false },
];

/** @throws RefusedError when rows of the source would not fit into the target. */
export async function readRelations(
  pair: Pair,
  engines: Engines,
  desired: Desired,
): Promise<readonly Moved[]> {
  const plain = [...IMPORTS, ...desired.tables.map((one) => ({ ...one, isReferenced: false }))].map(
    (one) => ({
      name: nameOf(one),
      kind: 'keys' as const,
      source: ident(one.schema, one.name),
      target: ident(one.schema, one.name),
      time: '',
      width: 0,
      key: one.primaryKey,
      isReferenced: one.isReferenced,
    }),
  );
  const hypertables = desired.hypertables.map((one) => ({
    name: nameOf(one),
    kind: 'ranges' as const,
    source: ident(one.schema, one.name),
    target: ident(one.schema, one.name),
    time: one.time,
    width: Math.max(1_000_000, Math.floor(lengthOf(one.chunkInterval) / SLICES)),
    key: [],
    isReferenced: false,
  }));
  const aggregates: Omit<Moved, 'number' | 'columns'>[] = [];
  for (const one of desired.aggregates) {
    const stored = async (side: 'source' | 'target'): Promise<string> => {
      const { aggregate } = await readStored(pair[side], engines[side], nameOf(one));
      return ident(aggregate.stored.schema, aggregate.stored.name);
    };
    aggregates.push({
      name: nameOf(one),
      kind: 'stored',
      source: await stored('source'),
      target: await stored('target'),
      time: one.time,
      width: Math.max(lengthOf(hypertableOf(one).chunkInterval), lengthOf(one.bucket)),
      key: [],
      isReferenced: false,
    });
  }
  const found: Moved[] = [];
  for (const one of [...plain, ...hypertables, ...aggregates])
    found.push({ ...one, number: found.length + 1, columns: await carriedColumns(pair, one) });
  return found;
}

const hypertableOf = (one: Hypertable | ContinuousAggregate): Hypertable =>
  one.kind === 'hypertable' ? one : hypertableOf(one.from);

// What the server computes itself is not copied.
async function carriedColumns(
  pair: Pair,
  { name, source, target }: Pick<Moved, 'name' | 'source' | 'target'>,
): Promise<readonly string[]> {
  const [here, there] = [await columnsOf(pair.source, source), await columnsOf(pair.target, target)];
  const carried = here.filter(({ generated }) => !generated);
  for (const { column, type } of carried) {
    const other = there.find((one) => one.column === column);
    if (other?.type === type && !other.generated) continue;
    throw new RefusedError(
      other === undefined
        ? `${name}: column ${column} is in the source, but not in the target; declare it, or drop it at the source, so that nothing is left behind unnoticed`
        : `${name}: column ${column} is ${type} at the source and ${other.generated ? 'computed' : other.type} at the target; make both alike first`,
    );
  }
  return carried.map(({ column }) => column);
}

interface ColumnRow {
  readonly column: string;
  readonly type: string;
  readonly generated: boolean;
}

async function columnsOf(db: Db, relation: string): Promise<readonly ColumnRow[]> {
  const { rows } = await db.query<ColumnRow>(
    `SELECT attname::text AS "column", format_type(atttypid, atttypmod) AS type, attgenerated <> '' AS generated
       FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [relation],
  );
  return rows;
}

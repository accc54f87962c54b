// Reads how much a change of aggregates would have to read, and which buckets it could not compute again.
import { DatabaseError } from 'pg';
import { messageOf } from '../../core/errors';
import { ident, interval, literal } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { isoText } from '../../server/ask';
import { withSavepoint } from '../../server/savepoint';
import { NOTHING, readTableSizes } from '../../server/table-size';
import { EVER, goneBuckets } from './history';
import type {
  AggregateDialect,
  AggregateState,
  Changing,
  Evolution,
  Figures,
  Gone,
  StoredAggregate,
} from './model';
import { fromOtherSource } from './other-source';
import type { Types } from './stored-columns';

/**
 * The figures of all aggregates that change, by name, in two statements.
 * @param types the columns of the changing aggregates and of what they are built on.
 */
export async function readFigures(
  db: Db,
  dialect: AggregateDialect,
  states: ReadonlyMap<string, AggregateState>,
  { grown, rebuilt }: Evolution,
  types: Types,
): Promise<ReadonlyMap<string, Figures>> {
  const present = [...grown, ...rebuilt].filter(({ state }) => state !== undefined);
  if (present.length === 0) return new Map();
  const rebuiltNames = new Set(rebuilt.map(({ aggregate }) => nameOf(aggregate)));
  const compared = new Map(
    present.map(({ state, ...changing }) => {
      const one = state as AggregateState;
      const isSame = nameOf(changing.aggregate.from) === one.source;
      return [one.name, isSame ? one : fromOtherSource(dialect, states, changing, one, types)];
    }),
  );
  const { rows, unknown } = await readGone(db, states, [...compared.values()], rebuiltNames);
  const sizes = await readTableSizes(
    db,
    dialect.engine,
    present.map(({ origin }) => origin),
  );
  return new Map(
    rows.map(({ name, ...gone }) => {
      const changing = present.find(({ aggregate }) => nameOf(aggregate) === name) as Changing;
      const { origin, state } = changing;
      const one = compared.get(name) as StoredAggregate;
      const { chunks, rows: count, bytes } = sizes.get(nameOf(origin)) ?? NOTHING;
      const figures = {
        gone,
        compared: one,
        ...(one.source === state?.source ? {} : { otherSource: one.source }),
        impact: { chunks, rows: count, bytes },
      };
      return [name, unknown === undefined ? figures : { ...figures, unknown }];
    }),
  );
}

type GoneRow = Gone & { readonly name: string };

// A stored query that was changed by hand, or that fails on the present rows, must not make the whole plan fail.
async function readGone(
  db: Db,
  states: ReadonlyMap<string, AggregateState>,
  compared: readonly StoredAggregate[],
  rebuiltNames: ReadonlySet<string>,
): Promise<{ readonly rows: readonly GoneRow[]; readonly unknown?: string }> {
  try {
    const sql = goneOfAll(states, compared, rebuiltNames);
    return { rows: (await withSavepoint(db, () => db.query<GoneRow>(sql))).rows };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { rows } = await db.query<GoneRow>(compared.map(everythingGone).join(' UNION ALL '));
    return { rows, unknown: messageOf(error) };
  }
}

const everythingGone = ({ name, stored, width }: StoredAggregate): string =>
  `SELECT ${literal(name)} AS name, count(DISTINCT "bucket")::int AS buckets, count(*)::int AS rows, count(*)::int AS kept,
          ${isoText('min("bucket")')} AS "from", ${isoText(`(max("bucket") + ${interval(width)})`)} AS "to"
     FROM ${ident(stored.schema, stored.name)}`;

// If the source of an aggregate is rebuilt too, the times that the source loses are lost for the aggregate as well. Sources come first.
function goneOfAll(
  states: ReadonlyMap<string, AggregateState>,
  compared: readonly StoredAggregate[],
  rebuiltNames: ReadonlySet<string>,
): string {
  const names = compared.map(({ name }) => name);
  const parts = compared.map((one, at) => {
    const source = rebuiltNames.has(one.source) ? names.indexOf(one.source) : -1;
    const query = goneBuckets(one, {
      states,
      ...EVER,
      unknown: 'strict',
      ...(source < 0 ? {} : { spoiled: `SELECT times FROM gone_${source}` }),
    });
    return `gone_${at} AS (${query})`;
  });
  const selected = names.map(
    (name, at) =>
      `SELECT ${literal(name)} AS name, buckets, rows, kept, ${isoText('first')} AS "from", ${isoText('until')} AS "to" FROM gone_${at}`,
  );
  return `WITH ${parts.join(', ')} ${selected.join(' UNION ALL ')}`;
}

// Reads how much a change of aggregates would have to read, and which buckets it could not compute again.
import { DatabaseError } from 'pg';
import { messageOf } from '../../core/errors';
import { ident, interval, literal } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { isoText } from '../../server/ask';
import { withSavepoint } from '../../server/savepoint';
import { NOTHING, readTableSizes } from '../../server/table-size';
import { goneBuckets } from './history';
import type { AggregateDialect, AggregateState, Changing, Evolution, Figures, Gone } from './model';

/** The figures of all aggregates that change, by name, in two statements. */
export async function readFigures(
  db: Db,
  dialect: AggregateDialect,
  states: ReadonlyMap<string, AggregateState>,
  { grown, rebuilt }: Evolution,
): Promise<ReadonlyMap<string, Figures>> {
  const present = [...grown, ...rebuilt].filter(({ state }) => state !== undefined);
  if (present.length === 0) return new Map();
  const { rows, unknown } = await readGone(db, states, present, rebuilt);
  const sizes = await readTableSizes(
    db,
    dialect.engine,
    present.map(({ origin }) => origin),
  );
  return new Map(
    rows.map(({ name, ...gone }) => {
      const origin = present.find(({ aggregate }) => nameOf(aggregate) === name)?.origin;
      const { chunks, rows: count, bytes } = (origin && sizes.get(nameOf(origin))) ?? NOTHING;
      const figures = { gone, impact: { chunks, rows: count, bytes } };
      return [name, unknown === undefined ? figures : { ...figures, unknown }];
    }),
  );
}

type GoneRow = Gone & { readonly name: string };

// A stored query that was changed by hand, or that fails on the present rows, must not make the whole plan fail.
async function readGone(
  db: Db,
  states: ReadonlyMap<string, AggregateState>,
  present: readonly Changing[],
  rebuilt: readonly Changing[],
): Promise<{ readonly rows: readonly GoneRow[]; readonly unknown?: string }> {
  try {
    const compared = await withSavepoint(db, () => db.query<GoneRow>(goneOfAll(states, present, rebuilt)));
    return { rows: compared.rows };
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const { rows } = await db.query<GoneRow>(
      present.map(({ state }) => everythingGone(state as AggregateState)).join(' UNION ALL '),
    );
    return { rows, unknown: messageOf(error) };
  }
}

const everythingGone = ({ name, stored, width }: AggregateState): string =>
  `SELECT ${literal(name)} AS name, count(DISTINCT "bucket")::int AS buckets, count(*)::int AS rows, count(*)::int AS kept,
          ${isoText('min("bucket")')} AS "from", ${isoText(`(max("bucket") + ${interval(width)})`)} AS "to"
     FROM ${ident(stored.schema, stored.name)}`;

// If the source of an aggregate is rebuilt too, the times that the source loses are lost for the aggregate as well. Sources come first.
function goneOfAll(
  states: ReadonlyMap<string, AggregateState>,
  present: readonly Changing[],
  rebuilt: readonly Changing[],
): string {
  const names = present.map(({ aggregate }) => nameOf(aggregate));
  const rebuiltNames = new Set(rebuilt.map(({ aggregate }) => nameOf(aggregate)));
  const parts = present.map(({ state }, at) => {
    const source = state === undefined || !rebuiltNames.has(state.source) ? -1 : names.indexOf(state.source);
    const query = goneBuckets(state as AggregateState, {
      states,
      lower: `'-infinity'`,
      upper: `'infinity'`,
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

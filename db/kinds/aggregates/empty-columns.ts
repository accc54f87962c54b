// Reads which columns of tables, and which new columns of aggregates, have no values.
import { ident, literal, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import { withTimeLimit } from '../../server/savepoint';
import type { SourceColumn } from './column-sources';
import type { Evolution, Figures } from './model';
import type { Types } from './stored-columns';

/** Why a source column has no values; `until`: it has none before that time. */
export interface Emptiness {
  readonly why: string;
  readonly missing?: true;
  readonly until?: string;
}

/** What to ask about: columns, with everything that was read before. */
interface Question {
  readonly sources: readonly SourceColumn[];
  readonly types: Types;
  readonly evolution: Evolution;
  readonly figures: ReadonlyMap<string, Figures>;
}

/** The columns without values, by `keyOf`. */
export async function readEmptiness(
  db: Db,
  { sources, types, evolution, figures }: Question,
): Promise<ReadonlyMap<string, Emptiness>> {
  return new Map([
    ...partlyEmpty(evolution, figures),
    ...missing(sources, types),
    ...(await readEmpty(db, sources, types)),
  ]);
}

/** `schema.relation.column` */
export const keyOf = ({ of, name }: SourceColumn): string => `${nameOf(of)}.${name}`;

function partlyEmpty(
  { grown }: Evolution,
  figures: ReadonlyMap<string, Figures>,
): readonly (readonly [string, Emptiness])[] {
  return grown.flatMap(({ aggregate, state }) => {
    const until = figures.get(nameOf(aggregate))?.gone.to;
    if (!until || state === undefined) return [];
    const why = `which this plan adds, and which stays NULL before ${until}, because the source rows are gone`;
    return aggregate.columnNames
      .slice(-state.appended)
      .map((name) => [keyOf({ of: aggregate, name }), { why, until }] as const);
  });
}

// Where the table itself is missing, all buckets are lost, which is told already.
function missing(sources: readonly SourceColumn[], types: Types): readonly (readonly [string, Emptiness])[] {
  return sources
    .filter(({ of, name }) => of.kind === 'hypertable' && types.get(nameOf(of))?.has(name) === false)
    .map((source) => [keyOf(source), { why: 'which this plan adds', missing: true }] as const);
}

// A column with a value shows one at once, and one without is read to the end. A plan should not take much longer than this.
const LIMIT_SECONDS = 3;

async function readEmpty(
  db: Db,
  sources: readonly SourceColumn[],
  types: Types,
): Promise<readonly (readonly [string, Emptiness])[]> {
  const columns = sources.filter(
    (source, at) =>
      source.of.kind === 'hypertable' &&
      source.of.columns[source.name]?.nullable &&
      types.get(nameOf(source.of))?.has(source.name) &&
      sources.findIndex((other) => keyOf(other) === keyOf(source)) === at,
  );
  const ask = (some: readonly SourceColumn[]): Promise<readonly string[] | undefined> =>
    withTimeLimit(db, LIMIT_SECONDS, async () => {
      const { rows } = await db.query<{ key: string }>(
        [NOTHING, ...some.map(emptyQuery)].join(' UNION ALL '),
      );
      return rows.map(({ key }) => key);
    }).catch((error: { code?: string }) => {
      if (error.code === '57014') return undefined;
      throw error;
    });
  const found = await ask(columns);
  if (found !== undefined) return found.map((key) => [key, { why: 'which has no values' }] as const);
  // One of them takes too long. Each is asked for alone; where no value is found in time, that is said, and consent is needed.
  const each: (readonly [string, Emptiness])[] = [];
  for (const column of columns) {
    const alone = await ask([column]);
    const why = alone ? 'which has no values' : `in which no value was found within ${LIMIT_SECONDS} s`;
    if (alone === undefined || alone.length > 0) each.push([keyOf(column), { why }]);
  }
  return each;
}

// Asks for none, so that a plan has the same number of queries whatever changes.
const NOTHING = 'SELECT NULL::text AS key WHERE false';

const emptyQuery = ({ of, name }: SourceColumn): string =>
  `SELECT ${literal(keyOf({ of, name }))} AS key WHERE EXISTS (SELECT 1 FROM ${relation(of)}) AND NOT EXISTS (SELECT 1 FROM ${relation(of)} WHERE ${ident(name)} IS NOT NULL)`;

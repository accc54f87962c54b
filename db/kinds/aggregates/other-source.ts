// A rebuilt aggregate that reads another relation than before: what that relation holds of the stored buckets.
import { ident, interval, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import { shapeOf } from './history';
import type { AggregateDialect, AggregateState, Changing, StoredAggregate } from './model';
import type { Types } from './stored-columns';

/**
 * The stored aggregate as it would be computed from the relation that it is rebuilt from: its buckets and groups, and the counts
 * that are rows of that relation. Other values are NULL, because nobody knows them yet, so without a count no stored row is
 * known to be there again.
 */
export function fromOtherSource(
  dialect: AggregateDialect,
  states: ReadonlyMap<string, AggregateState>,
  { aggregate, origin }: Changing,
  state: AggregateState,
  types: Types,
): StoredAggregate {
  const source = states.get(nameOf(origin));
  const sourceCounts = source === undefined ? [] : shapeOf(source, states).counts;
  const { keys, counts, values } = shapeOf(state, states);
  const present = [...(types.get(nameOf(origin))?.keys() ?? [])];
  const groups = keys.filter((key) => present.some((name) => ident(name) === key));
  const counted = counts.flatMap((name) => {
    const count = countOf(name, { aggregate, origin }, sourceCounts);
    return count === undefined ? [] : [`${count} AS ${name}`];
  });
  const others = [...counts.filter((name) => !counted.some((one) => one.endsWith(` AS ${name}`))), ...values];
  const time = ident(origin.time);
  const query = [
    `SELECT public.time_bucket(${interval(state.width)}, ${time}) AS "bucket"`,
    ...groups,
    ...counted,
    ...others.map((name) => `NULL AS ${name}`),
  ].join(', ');
  const from = ` FROM ${relation(origin)} WHERE ${time} >= $1 AND ${time} < $2 GROUP BY 1${groups.map((_, at) => `, ${at + 2}`).join('')}`;
  return {
    ...state,
    source: nameOf(origin),
    query: query + from,
    // A relation that this plan creates holds nothing yet.
    recompute: present.includes(origin.time)
      ? query + from
      : `SELECT * FROM ${ident(state.stored.schema, state.stored.name)} WHERE false`,
    sourceChunks: dialect.chunks(source === undefined ? origin : source.stored),
  };
}

// A count of rows stays one over the new relation if its declared column is one.
function countOf(
  name: string,
  { aggregate, origin }: Changing,
  sourceCounts: readonly string[],
): string | undefined {
  const declared = Object.entries(aggregate.select).find(([column]) => ident(column) === name)?.[1];
  if (aggregate.from !== origin || declared === undefined) return undefined;
  if (declared.kind === 'count-rows' && origin.kind === 'hypertable') return 'count(*)';
  const isSum = declared.kind === 'total' && sourceCounts.includes(ident(declared.column));
  return isSum ? `sum(${ident(declared.column)})` : undefined;
}

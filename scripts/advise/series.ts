// Which columns name one series of a table.
import type { Stored } from '../../db/upkeep/compress';
import type { Sample } from './sample';

/** The columns by which people ask for one series: what an index has before the time. */
export function seriesOf(table: Stored, { groups }: Sample): readonly string[] {
  if (table.kind === 'aggregate') return table.groupBy.filter((name) => groups.has(name)).slice(0, 1);
  const leading = table.indexes.flatMap(({ method, keys, where }) => {
    const names = keys.flatMap((key) => ('column' in key ? [key.column] : []));
    return method === 'btree' && where === undefined && names.length > 1 && names.at(-1) === table.time
      ? [names.slice(0, -1)]
      : [];
  });
  return leading.find((names) => names.every((name) => groups.has(name))) ?? [];
}

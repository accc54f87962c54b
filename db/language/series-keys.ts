// Which columns name the series of a table, and which texts can name one.
import type { Hypertable } from './hypertable';

/** The columns whose texts name series: text that is never NULL, and that an index leads with or the columnstore segments by. */
export function seriesKeys({ columns, indexes, columnstore }: Hypertable): ReadonlySet<string> {
  const leading = indexes.flatMap(({ keys: [first] }) => (first && 'column' in first ? [first.column] : []));
  return new Set(
    [...leading, ...(columnstore?.segmentBy ?? [])].filter((name) => {
      const { type = '', nullable = true } = columns[name] ?? {};
      return !nullable && /^(text|character varying)/.test(type);
    }),
  );
}

/**
 * Why a text cannot name a series; undefined when it can. Nobody sees the name in a list when it is blank, and no client can ask
 * for it by its address when it is "." or "..", which addresses leave out.
 */
export function faultOfSeriesKey(text: string): string | undefined {
  if (text.trim() === '') return 'names a series, so it must not be empty or blank';
  return text === '.' || text === '..' ? `names a series, so it must not be "${text}"` : undefined;
}

// Numbers with their nouns and units, as people read them in plans, hazards and reports.

/** `1 step`, `3 steps`; a noun whose plural does not just end in -s says it: `counted(2, 'entry', 'entries')`. */
export const counted = (count: number, one: string, many?: string): string =>
  `${count} ${wordFor(count, one, many)}`;

/** The noun alone, for counts that are written in another way. */
export const wordFor = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

/** `12 chunks, about 1.2 M rows, 96.5 MiB`; rows are an estimate. */
export function describeImpact(impact: {
  readonly chunks: number;
  readonly rows: number;
  readonly bytes: number;
}): string {
  const { chunks, rows, bytes } = impact;
  return `${counted(chunks, 'chunk')}, about ${rows < 1_000 ? counted(rows, 'row') : `${shortNumber(rows)} rows`}, ${shortBytes(bytes)}`;
}

/** `96.5 MiB`. */
export function shortBytes(bytes: number): string {
  const power = bytes >= 1024 ** 3 ? 3 : bytes >= 1024 ** 2 ? 2 : 1;
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
}

/** A number from 1000 on. */
function shortNumber(value: number): string {
  const power = value >= 1e9 ? 3 : value >= 1e6 ? 2 : 1;
  return `${(value / 1000 ** power).toFixed(1)} ${['', 'k', 'M', 'G'][power]}`;
}

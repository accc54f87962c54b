// Counts for people, with the word in the right number.

/** `1 step`, `2 steps`; a word whose plural does not just end in -s says it: `plural(2, 'entry', 'entries')`. */
export const plural = (count: number, one: string, many?: string): string =>
  `${count} ${wordFor(count, one, many)}`;

/** The word alone, for counts that are written in another way. */
export const wordFor = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many);

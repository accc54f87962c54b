// Guesses what stands before the decimals of a file's numbers.

/** What texts of number columns say: nothing, one sign, or something that a person must look at. */
export type NumberGuess =
  | { readonly kind: 'point' }
  | { readonly kind: 'comma' }
  | { readonly kind: 'unclear'; readonly why: string };

const COMMA = /^\s*[+-]?(?:\d+,\d*|,\d+)\s*$/;
const THOUSANDS = /^\s*[+-]?[1-9]\d{0,2}(?:,\d{3})+\s*$/;
const BOTH = /\d[.,' \u00a0\u202f]\d{3}(?:[.,' \u00a0\u202f]\d{3})*[.,]\d|\d[' \u00a0\u202f]\d{3}/;

/** Looks at the texts of all number columns together, because a file is written in one way. */
export function guessDecimal(texts: readonly string[]): NumberGuess {
  const both = texts.find((text) => BOTH.test(text));
  if (both !== undefined)
    return {
      kind: 'unclear',
      why: `the number ${JSON.stringify(both)} has separators of thousands, which are not read: write the file without them`,
    };
  const commas = texts.filter((text) => COMMA.test(text));
  const [first] = commas;
  if (first === undefined) return { kind: 'point' };
  if (commas.every((text) => THOUSANDS.test(text)))
    return {
      kind: 'unclear',
      why: `the number ${JSON.stringify(first)} may be ${first.replace(',', '.').trim()} or ${first.replaceAll(',', '').trim()}, and no other number of the file says which: add --decimal , for a decimal comma, or write the file without separators of thousands`,
    };
  const point = texts.find((text) => /\d\.\d/.test(text));
  if (point !== undefined)
    return {
      kind: 'unclear',
      why: `the numbers ${JSON.stringify(first)} and ${JSON.stringify(point)} are written in different ways: write them all with the same decimal sign`,
    };
  return { kind: 'comma' };
}

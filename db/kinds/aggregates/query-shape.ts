// Reads from the query of a stored aggregate which of its columns are groups and which are counts.

/** Columns of an aggregate, as SQL identifiers. */
export interface QueryShape {
  /** The columns that the query groups by, without the bucket. */
  readonly keys: readonly string[];
  /** The columns that count source rows: more source rows never make such a value smaller. */
  readonly counts: readonly string[];
  /** Those `counts` that count every source row, so that an update of a source row does not change them. */
  readonly rowCounts: readonly string[];
  /** All other columns, without the bucket. */
  readonly values: readonly string[];
}

/**
 * Reads a query of the form `SELECT … FROM … GROUP BY …`, as a server prints it or as `aggregateQuery` writes it. A group that is
 * no column of the result is left out.
 * @param source the shape of the aggregate that it reads; a sum of counts is a count again.
 */
export function queryShape(query: string, source: QueryShape = NOTHING_KNOWN): QueryShape {
  const text = withSingleSpaces(query).trim().replace(/;$/, '');
  const mask = masked(text);
  const from = mask.indexOf(' FROM ');
  const by = mask.indexOf(' GROUP BY ');
  if (from < 0 || by < 0) return NOTHING_KNOWN;
  const having = mask.indexOf(' HAVING ', by);
  const columns = split(text.slice('SELECT '.length, from)).map(columnOf);
  const groups = split(text.slice(by + ' GROUP BY '.length, having < 0 ? undefined : having));
  const keys = groups.flatMap(
    (group) => columns.find((column, at) => isGroup(group, column, at))?.name ?? [],
  );
  const counting = (what: Counting, sourceCounts: readonly string[]): readonly string[] =>
    columns.filter(({ expression }) => isCount(expression, what, sourceCounts)).map(({ name }) => name);
  const counts = counting('values', source.counts);
  const isKnown = (name: string): boolean => name === BUCKET || keys.includes(name) || counts.includes(name);
  return {
    keys: keys.filter((name) => name !== BUCKET),
    counts,
    rowCounts: counting('rows', source.rowCounts),
    values: columns.map(({ name }) => name).filter((name) => !isKnown(name)),
  };
}

/** A query with `$1` and `$2` replaced by SQL expressions; a text constant with these characters stays as it is. */
export function withBounds(query: string, lower: string, upper: string): string {
  const mask = masked(query, 'quotes only');
  return query.replace(/\$([12])(?!\d)/g, (text, number: string, at: number) => {
    if (mask[at] === HIDDEN) return text;
    return number === '1' ? lower : upper;
  });
}

interface Column {
  readonly name: string;
  readonly expression: string;
}

const BUCKET = '"bucket"';
const NAME = '("(?:[^"]|"")+"|[\\w$]+)';
const ALIAS = new RegExp(` AS ${NAME}$`);
const LAST_NAME = new RegExp(`${NAME}$`);
const NOTHING_KNOWN: QueryShape = { keys: [], counts: [], rowCounts: [], values: [] };
const COUNT = { values: /^count ?\((?! ?DISTINCT\b)/i, rows: /^count ?\( ?\* ?\)$/i } as const;
// In masked text: one call and nothing after it, because the difference of two counts is no count.
const ONE_COUNT = /^count ?\0+( ?FILTER ?\0+)?$/i;
const CAST = /::(bigint|int|integer|numeric|double precision)$/i;
const SUM_OF_COLUMN = new RegExp(`^sum\\((?:${NAME}\\.)?${NAME}\\)$`);

function columnOf(item: string): Column {
  const alias = ALIAS.exec(item);
  if (alias) return { name: quoted(alias[1] as string), expression: item.slice(0, alias.index) };
  return { name: quoted(LAST_NAME.exec(item)?.[1] ?? item), expression: item };
}

// A group is written as a position, or as the expression of a column.
function isGroup(group: string, { expression }: Column, at: number): boolean {
  return /^\d+$/.test(group) ? Number(group) === at + 1 : bare(group) === bare(expression);
}

type Counting = 'values' | 'rows';

function isCount(expression: string, what: Counting, sourceCounts: readonly string[]): boolean {
  const plain = bare(expression.replace(CAST, ''));
  const summed = SUM_OF_COLUMN.exec(plain);
  if (summed !== null) return sourceCounts.includes(quoted(summed[2] as string));
  return COUNT[what].test(plain) && ONE_COUNT.test(masked(plain));
}

const quoted = (name: string): string => (name.startsWith('"') ? name : `"${name}"`);

// Without parentheses around the whole expression.
function bare(expression: string): string {
  const text = expression.trim();
  const isWrapped = text.startsWith('(') && [...masked(text)].every((character) => character === HIDDEN);
  return isWrapped ? bare(text.slice(1, -1)) : text;
}

function split(list: string): readonly string[] {
  const mask = masked(list);
  const commas = [...mask.matchAll(/,/g)].map(({ index }) => index);
  return [-1, ...commas].map((comma, part) => list.slice(comma + 1, commas[part]).trim());
}

// Spaces in quotes are part of a name or a text.
function withSingleSpaces(text: string): string {
  const mask = masked(text, 'quotes only');
  return text.replace(/\s+/g, (spaces, at: number) => (mask[at] === HIDDEN ? spaces : ' '));
}

const HIDDEN = '\0';

// The same text, with everything hidden that stands in quotes or parentheses, so that positions in both are equal.
function masked(
  text: string,
  what: 'quotes and parentheses' | 'quotes only' = 'quotes and parentheses',
): string {
  let depth = 0;
  let quote: string | undefined;
  // By UTF-16 units, as positions in strings are counted.
  return text
    .split('')
    .map((character) => {
      const wasQuoted = quote !== undefined;
      if (wasQuoted && character === quote) quote = undefined;
      else if (!wasQuoted && (character === "'" || character === '"')) quote = character;
      if (wasQuoted || quote !== undefined) return HIDDEN;
      if (what === 'quotes only') return character;
      if (character === '(') depth += 1;
      const isInside = depth > 0;
      if (character === ')') depth -= 1;
      return isInside ? HIDDEN : character;
    })
    .join('');
}

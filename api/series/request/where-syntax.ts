// Reads the text of a condition: comparisons with `and`, `or` and brackets. It knows the syntax, not the columns and their types.
import { listOf, Reader, type Written, writtenOf } from './where-values';

/** Operators that take one value. */
export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=' | '@>';

/** A comparison as it was written. */
export type Comparison =
  | { readonly kind: 'value'; readonly column: string; readonly operator: Operator; readonly value: Written }
  | { readonly kind: 'list'; readonly column: string; readonly values: readonly Written[] }
  | { readonly kind: 'null'; readonly column: string; readonly negated: boolean };

/** Comparisons that are joined: `all` must hold, or `any` of them. */
export type Clause =
  | Comparison
  | { readonly kind: 'all' | 'any'; readonly of: readonly [Clause, ...Clause[]] };

const DEEPEST = 20;
const MOST_COMPARISONS = 200;

/**
 * Reads one condition.
 * @param isJson whether the column holds JSON, whose own strings begin with a double quote.
 * @throws ProblemError (bad-filter) that says what is wrong and how to write it.
 */
export function readClause(text: string, isJson: (column: string) => boolean): Clause {
  const reader = new Reader(text);
  const clause = new Clauses(reader, isJson).either(0);
  if (!reader.atEnd()) throw reader.fault('has a closing bracket without an opening one');
  return clause;
}

class Clauses {
  private comparisons = 0;

  constructor(
    private readonly reader: Reader,
    private readonly isJson: (column: string) => boolean,
  ) {}

  either(depth: number): Clause {
    return this.joined('any', /or(?=[\s(]|$)/iy, () =>
      this.joined('all', /and(?=[\s(]|$)/iy, () => this.one(depth)),
    );
  }

  private joined(kind: 'all' | 'any', word: RegExp, next: () => Clause): Clause {
    const first = next();
    const more: Clause[] = [];
    this.reader.skipBlanks();
    while (this.reader.take(word)) {
      more.push(next());
      this.reader.skipBlanks();
    }
    return more.length === 0 ? first : { kind, of: [first, ...more] };
  }

  private one(depth: number): Clause {
    const { reader } = this;
    reader.skipBlanks();
    if (!reader.take(/\(/y)) return this.comparison(depth);
    if (depth >= DEEPEST) throw reader.fault(`has more than ${DEEPEST} brackets inside of one another`);
    const clause = this.either(depth + 1);
    reader.skipBlanks();
    if (!reader.take(/\)/y)) throw reader.fault('lacks a closing bracket');
    return clause;
  }

  private comparison(depth: number): Comparison {
    const { reader } = this;
    this.comparisons += 1;
    if (this.comparisons > MOST_COMPARISONS)
      throw reader.fault(`has more than ${MOST_COMPARISONS} comparisons; use column in [...]`);
    const column = reader.take(/[^\s=<>!@()]+/y)?.[0];
    if (column === undefined) throw reader.fault(`lacks a column ${here(reader)}`);
    reader.skipBlanks();
    const test = reader.take(/is\s+(not\s+)?null(?=[\s)]|$)/iy);
    if (test) return { kind: 'null', column, negated: test[1] !== undefined };
    if (reader.take(/in(?=[\s[(])/iy)) return { kind: 'list', column, values: listOf(reader, column) };
    return {
      kind: 'value',
      column,
      operator: operatorOf(reader),
      value: writtenOf(reader, depth, this.isJson(column)),
    };
  }
}

function operatorOf(reader: Reader): Operator {
  const symbol = reader.take(/==|!=|<>|<=|>=|=|<|>|@>/y)?.[0];
  if (symbol === undefined) {
    const word = /^(?:not\s+)?[a-z~!^:]+/i.exec(reader.rest())?.[0];
    throw reader.fault(
      word === undefined
        ? 'has a word that is compared with nothing'
        : `${JSON.stringify(word)} is no operator here`,
    );
  }
  const more = reader.take(/[=<>!~]+/y)?.[0];
  if (more !== undefined)
    throw reader.fault(
      `${JSON.stringify(symbol + more)} is no operator; a value that begins with ${JSON.stringify(more)} is written in quotes`,
    );
  if (symbol === '==') return '=';
  return symbol === '!=' ? '<>' : (symbol as Operator);
}

const here = (reader: Reader): string =>
  reader.atEnd() ? 'at its end' : `before ${JSON.stringify(reader.rest().slice(0, 20))}`;

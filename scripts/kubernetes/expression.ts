// Works out the Terraform expressions that a synthesised stack is written with: references, and a few functions of texts.
import { createHash } from 'node:crypto';

/** Gives the value that a reference such as `["var", "app_image"]` stands for. Throws for one that it does not know. */
export type Lookup = (path: readonly string[]) => unknown;

/**
 * The value of a text with expressions in it, such as `tsdb-${substr(sha256(var.app_image), 0, 10)}`. A text that is one
 * expression keeps the type of its value.
 * @throws Error that says what is not understood.
 */
export function evaluate(text: string, lookup: Lookup): unknown {
  const parts = new Parser(text, lookup).template();
  return parts.length === 1 ? parts[0] : parts.map(String).join('');
}

type Function = (...values: readonly unknown[]) => unknown;

const FUNCTIONS: Readonly<Record<string, Function>> = {
  join: (separator, list) => (list as readonly unknown[]).map(String).join(String(separator)),
  sha256: (text) => createHash('sha256').update(String(text)).digest('hex'),
  substr: (text, from, length) => String(text).slice(Number(from), Number(from) + Number(length)),
};

// Reads from left to right and works out each value as it goes.
class Parser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly lookup: Lookup,
  ) {}

  /** Literal parts and values in turn, up to the end or to the quote that closes a text inside an expression. */
  template(end?: '"'): readonly unknown[] {
    const parts: unknown[] = [];
    let literal = '';
    while (this.at < this.text.length && this.text[this.at] !== end) {
      if (this.takes('$${')) literal += '${';
      else if (this.takes('%%{')) literal += '%{';
      else if (this.takes('%{')) throw this.fault('a directive');
      else if (end !== undefined && this.takes('\\')) literal += this.escaped();
      else if (this.takes('${')) {
        if (literal !== '') parts.push(literal);
        literal = '';
        parts.push(this.value());
        this.expect('}');
      } else literal += this.text[this.at++];
    }
    return literal === '' && parts.length > 0 ? parts : [...parts, literal];
  }

  private value(): unknown {
    this.skipSpace();
    if (this.takes('"')) return this.quoted();
    if (this.takes('[')) return this.list(']');
    const number = this.matches(/-?\d+(\.\d+)?/y);
    if (number !== undefined) return Number(number);
    const name = this.matches(/[A-Za-z_][\w-]*/y);
    if (name === undefined) throw this.fault('what comes');
    if (name === 'true' || name === 'false') return name === 'true';
    return this.takes('(') ? this.call(name) : this.lookup([name, ...this.path()]);
  }

  private quoted(): string {
    const parts = this.template('"');
    this.expect('"');
    return parts.map(String).join('');
  }

  private list(end: ']' | ')'): readonly unknown[] {
    const values: unknown[] = [];
    for (this.skipSpace(); !this.takes(end); this.skipSpace()) {
      if (values.length > 0) this.expect(',');
      values.push(this.value());
    }
    return values;
  }

  private call(name: string): unknown {
    const compute = FUNCTIONS[name];
    if (compute === undefined) throw this.fault(`the function ${name}`);
    return compute(...this.list(')'));
  }

  private path(): readonly string[] {
    const steps: string[] = [];
    for (;;) {
      if (this.takes('.')) steps.push(this.matches(/[\w-]+/y) ?? '');
      else if (this.takes('[')) steps.push(...this.list(']').map(String));
      else return steps;
    }
  }

  private escaped(): string {
    const mark = this.text[this.at++] ?? '';
    return { n: '\n', t: '\t', r: '\r' }[mark] ?? mark;
  }

  private skipSpace(): void {
    this.matches(/\s*/y);
  }

  private takes(wanted: string): boolean {
    if (!this.text.startsWith(wanted, this.at)) return false;
    this.at += wanted.length;
    return true;
  }

  private expect(wanted: string): void {
    this.skipSpace();
    if (!this.takes(wanted)) throw this.fault(`something in place of "${wanted}"`);
  }

  private matches(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private fault(what: string): Error {
    return new Error(`${what} at character ${this.at} of "${this.text}" is not understood`);
  }
}

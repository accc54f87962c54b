// Works out the Terraform expressions that the stacks are written with: references, texts, numbers and lists, and the
// functions join, sha256 and substr. Everything else is an error.
import { createHash } from 'node:crypto';

/** Gives the value that a reference such as `var.app_image` stands for. Throws for one that it does not know. */
export type Lookup = (reference: string) => unknown;

const FUNCTIONS: Readonly<Record<string, (...values: readonly unknown[]) => unknown>> = {
  join: (separator, list) => (list as readonly unknown[]).map(String).join(String(separator)),
  sha256: (text) => createHash('sha256').update(String(text)).digest('hex'),
  substr: (text, from, length) => String(text).slice(Number(from), Number(from) + Number(length)),
};

/** Text up to the next `${` or `%{`. Terraform writes `$${` and `%%{` for these characters as text. */
const LITERAL = /(?:\$\$\{|%%\{|(?![$%]\{).)+/sy;

const REFERENCE = /[A-Za-z_][\w-]*(?:\.[\w-]+|\[\d+\])*/y;

/**
 * The value of a text with expressions in it, such as `tsdb-${substr(sha256(var.app_image), 0, 10)}`. A text that is one
 * expression keeps the type of its value.
 * @throws Error that says which part of it is not known here.
 */
export function evaluate(text: string, lookup: Lookup): unknown {
  let at = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  const fault = (reason: string): Error =>
    new Error(`the text "${text}" cannot be worked out: ${reason} at character ${at}`);
  const expect = (pattern: RegExp, mark: string): void => {
    if (take(pattern) === undefined) throw fault(`"${mark}" is expected`);
  };

  const value = (): unknown => {
    take(/\s+/y);
    const quoted = take(/"(?:[^"\\]|\\.)*"/y);
    if (quoted !== undefined) return String(evaluate(JSON.parse(quoted) as string, lookup));
    const number = take(/-?\d+/y);
    if (number !== undefined) return Number(number);
    if (take(/\[/y) !== undefined) return valuesUpTo(/\s*\]/y);
    const name = take(REFERENCE);
    if (name === undefined) throw fault('a value is expected');
    if (take(/\(/y) === undefined) return lookup(name);
    const compute = FUNCTIONS[name];
    if (compute === undefined) throw fault(`the function ${name} is not known; it stands`);
    return compute(...valuesUpTo(/\s*\)/y));
  };
  const valuesUpTo = (end: RegExp): readonly unknown[] => {
    const values: unknown[] = [];
    while (take(end) === undefined) {
      if (values.length > 0) expect(/\s*,/y, ',');
      values.push(value());
    }
    return values;
  };

  const parts: unknown[] = [];
  while (at < text.length) {
    const literal = take(LITERAL);
    if (literal !== undefined) parts.push(literal.replaceAll('$${', '${').replaceAll('%%{', '%{'));
    else if (take(/\$\{/y) === undefined) throw fault('a directive is not supported; it stands');
    else {
      parts.push(value());
      expect(/\s*\}/y, '}');
    }
  }
  return parts.length === 1 ? parts[0] : parts.map(String).join('');
}

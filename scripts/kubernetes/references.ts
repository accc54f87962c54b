// What the references in a synthesised stack stand for: variables, and attributes that resources of the stack declare.
import { evaluate, type Lookup } from './expression';
import type { StackJson } from './stack-json';

/** Values of Terraform variables by name; a variable that is not here has its default. */
export type Variables = Readonly<Record<string, string>>;

/** Known to the cluster only, once the object is there. */
const KNOWN_AFTERWARDS = ['id', 'uid', 'generation', 'resource_version'];

/** Stands for a variable without a value; `.invalid` is a name that nobody can ever have. */
export const placeholderOf = (variable: string): string => `not-set.invalid/${variable}:not-set`;

/** Replaces all expressions in a value of a stack, however deep. */
export function resolver(stack: StackJson, variables: Variables): (value: unknown) => unknown {
  const resolve = (value: unknown): unknown => {
    if (typeof value === 'string') return evaluate(value, lookup);
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  const lookup: Lookup = (path) => {
    const [first = '', second = '', ...rest] = path;
    if (first === 'var') return variableOf(stack, variables, second);
    if (first === 'data') return attribute(stack.data, [second, ...rest], resolve);
    return attribute(stack.resource, path, resolve);
  };
  return resolve;
}

function variableOf({ variable }: StackJson, variables: Variables, name: string): unknown {
  const value = variables[name] ?? variable[name]?.default;
  return value === undefined || value === '' ? placeholderOf(name) : value;
}

function attribute(
  resources: StackJson['resource'],
  path: readonly string[],
  resolve: (value: unknown) => unknown,
): unknown {
  const [type = '', name = '', ...steps] = path;
  let value: unknown = resources[type]?.[name];
  for (const step of steps) {
    // A block that is there once is written without its list.
    if (step === '0' && !Array.isArray(value)) continue;
    value = (value as Record<string, unknown> | undefined)?.[step];
  }
  if (value !== undefined) return resolve(value);
  const last = steps.at(-1) ?? '';
  if (resources[type]?.[name] !== undefined && KNOWN_AFTERWARDS.includes(last))
    return `${last}-of-${type}.${name}`;
  throw new Error(`the stack does not say what ${path.join('.')} is`);
}

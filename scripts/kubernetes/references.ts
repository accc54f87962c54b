// What the references in a synthesised stack stand for: variables, and attributes that resources of the stack declare.
import { evaluate, type Lookup } from './expression';
import type { StackJson } from './stack-json';

/** Values of Terraform variables by name. A variable that is missing has its default. */
export type Variables = Readonly<Record<string, string>>;

/** Attributes that only the cluster knows, once the object is there. */
const KNOWN_AFTERWARDS = ['id', 'uid', 'generation', 'resource_version'];

/** What is printed for a variable without a value. Nobody can own a name that ends in `.invalid`. */
export const placeholderOf = (variable: string): string => `not-set.invalid/${variable}:not-set`;

/** Replaces all expressions in a value of a stack, however deep. */
export function resolver(
  { resource, variable }: StackJson,
  variables: Variables,
): (value: unknown) => unknown {
  const resolve = (value: unknown): unknown => {
    if (typeof value === 'string') return evaluate(value, lookup);
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  const lookup: Lookup = (reference) => {
    const [type = '', name = '', ...steps] = reference.match(/[\w-]+/g) ?? [];
    if (type === 'var') return variables[name] ?? (variable[name]?.default || placeholderOf(name));
    const block = resource[type]?.[name];
    const value = valueAt(block, steps);
    if (value !== undefined) return resolve(value);
    const last = steps.at(-1) ?? '';
    if (block !== undefined && KNOWN_AFTERWARDS.includes(last)) return `${last}-of-${type}.${name}`;
    throw new Error(`the stack does not say what ${[type, name, ...steps].join('.')} is`);
  };
  return resolve;
}

/** The value at a path below a block. References call a block the first of a list (`metadata[0]`) even without a list. */
function valueAt(block: unknown, [step, ...others]: readonly string[]): unknown {
  if (step === undefined || block === undefined || block === null) return block;
  if (step === '0' && !Array.isArray(block)) return valueAt(block, others);
  // What is in the cluster of a manifest is, as far as it is known here, the manifest itself.
  if (step === 'object' && 'manifest' in (block as object)) return valueAt(block, ['manifest', ...others]);
  return valueAt((block as Readonly<Record<string, unknown>>)[step], others);
}

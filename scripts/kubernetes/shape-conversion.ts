// Carries out a table of scripts/kubernetes/shape.ts: the provider's block in, the API's object out (pure).
import type { Field, Shape, ValueField } from './shape';

type Block = Readonly<Record<string, unknown>>;

/**
 * @param path where the block is, for errors: `spec.template.spec`
 * @throws Error that names an attribute which the table lacks, or whose value is not of its kind.
 */
export function convertBlock(block: Block, shape: Shape, path = ''): Block {
  const pathOf = (name: string) => (path === '' ? name : `${path}.${name}`);
  const unknown = Object.keys(block).find((name) => !Object.hasOwn(shape, name));
  if (unknown !== undefined)
    throw new Error(
      `${pathOf(unknown)} is in no table of scripts/kubernetes, so nobody can say what it is in the API; add it there`,
    );
  // In the order of the table: names first.
  const entries = Object.entries(shape).flatMap(([name, field]) => {
    const value = block[name] ?? undefined;
    if (value === undefined || field.kind === 'terraform') return [];
    return [[nameInApi(name, field), convertValue(value, field, pathOf(name))] as const];
  });
  return Object.fromEntries(entries);
}

function nameInApi(name: string, field: Exclude<Field, { kind: 'terraform' }>): string {
  const camel = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return field.as ?? (field.kind === 'many' ? `${camel}s` : camel);
}

function convertValue(value: unknown, field: Exclude<Field, { kind: 'terraform' }>, at: string): unknown {
  if (field.kind !== 'one' && field.kind !== 'many') return convertPlain(value, field.kind, at);
  const blocks = (Array.isArray(value) ? value : [value]) as readonly Block[];
  if (field.kind === 'many')
    return blocks.map((block, index) => convertBlock(block, field.shape, `${at}[${index}]`));
  const [block, ...others] = blocks;
  if (block === undefined || others.length > 0)
    throw new Error(`${at} is there ${blocks.length} times, and the API has it once`);
  return convertBlock(block, field.shape, at);
}

function convertPlain(value: unknown, kind: ValueField['kind'], at: string): unknown {
  const fault = (expected: string) => new Error(`${at} must be ${expected}, got ${JSON.stringify(value)}`);
  switch (kind) {
    case 'plain':
      if ([value].flat().every(isScalar)) return value;
      throw fault('a text, number or boolean, or a list of those');
    case 'map':
      if (typeof value === 'object' && !Array.isArray(value) && Object.values(value ?? {}).every(isScalar))
        return value;
      throw fault('a record of texts');
    case 'number':
      if (isNumber(value)) return Number(value);
      throw fault('a number');
    case 'number-or-text':
      if (isScalar(value)) return isNumber(value) ? Number(value) : value;
      throw fault('a number or a text');
    case 'octal':
      if (/^[0-7]{3,4}$/.test(String(value))) return Number.parseInt(String(value), 8);
      throw fault('a mode such as "0440"');
  }
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

const isNumber = (value: unknown): boolean => /^-?\d+$/.test(String(value));

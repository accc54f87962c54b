// Turns a block of Terraform's Kubernetes provider into the object that the Kubernetes API knows (pure).
import { KNOWN_ATTRIBUTES, LISTS, MAPS, MODES, NUMBERS, NUMBERS_OR_TEXTS, RENAMED } from './attributes';

type Block = Readonly<Record<string, unknown>>;

/**
 * The object that a block is in the API. Its attributes are in the order of the table.
 * @param path where the block is, for errors: `spec.template.spec`
 * @throws Error that names an attribute which is not known, or whose value cannot be converted.
 */
export function convertBlock(block: Block, path = ''): Block {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const unknown = Object.keys(block).find((name) => !KNOWN_ATTRIBUTES.includes(name));
  if (unknown !== undefined)
    throw new Error(
      `${at(unknown)} is in no table, so its name in the API is not known; add it to scripts/kubernetes/attributes.ts`,
    );
  const given = KNOWN_ATTRIBUTES.filter((name) => Object.hasOwn(block, name) && block[name] !== null);
  return Object.fromEntries(given.map((name) => convertAttribute(name, block[name], at(name))));
}

/** The name and the value that an attribute has in the API. */
function convertAttribute(name: string, value: unknown, at: string): readonly [string, unknown] {
  const nameInApi = RENAMED[name] ?? camelCase(name);
  if (MAPS.includes(name) || isSelectorOfService(name, value)) return [nameInApi, checkedMap(value, at)];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (LISTS.includes(name) && !values.some(isScalar) && !isPortOfBackend(at)) {
    const listName = name in RENAMED || name.endsWith('s') ? nameInApi : `${nameInApi}s`;
    return [listName, values.map((one, index) => convertBlock(one as Block, `${at}[${index}]`))];
  }
  if (values.every(isScalar)) return [nameInApi, convertScalar(name, value, at)];
  if (values.length > 1) throw new Error(`${at} is there ${values.length} times, and the API has it once`);
  return [nameInApi, convertBlock(values[0] as Block, at)];
}

/** The provider has two kinds of selectors. That of a Service is a record of labels, any other one is a block. */
function isSelectorOfService(name: string, value: unknown): boolean {
  return name === 'selector' && !Object.keys(value ?? {}).some((key) => key.startsWith('match_'));
}

/** Containers and Services have lists of ports. The backend of an Ingress has one. */
const isPortOfBackend = (at: string): boolean => at.endsWith('backend.service.port');

function checkedMap(value: unknown, at: string): unknown {
  if (typeof value === 'object' && !Array.isArray(value) && Object.values(value ?? {}).every(isScalar))
    return value;
  throw fault(at, 'a record of texts', value);
}

function convertScalar(name: string, value: unknown, at: string): unknown {
  const text = String(value);
  if (MODES.includes(name)) {
    if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
    throw fault(at, 'a mode such as "0440"', value);
  }
  const isNumber = /^-?\d+$/.test(text);
  if (NUMBERS.includes(name) && !isNumber) throw fault(at, 'a number', value);
  return isNumber && [...NUMBERS, ...NUMBERS_OR_TEXTS].includes(name) ? Number(text) : value;
}

const camelCase = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

const fault = (at: string, expected: string, value: unknown): Error =>
  new Error(`${at} must be ${expected}, got ${JSON.stringify(value)}`);

// Leaves out of a resource what its object gets from elsewhere once it is live (pure). A manifest that claimed such a field
// would conflict with whoever has it, or take it away from them.

type Attributes = Readonly<Record<string, unknown>>;

/** How `references.ts` writes an id that only the cluster knows. */
const UNKNOWN = /\b(id|uid|generation|resource_version)-of-/;

/**
 * Without the attributes that Terraform leaves alone after the creation, such as the number of pods that load decides, and
 * without annotations whose value only the cluster knows.
 */
export function withoutLiveFields(resource: Attributes): Attributes {
  const { lifecycle } = resource as { readonly lifecycle?: { readonly ignore_changes?: readonly string[] } };
  const ignored = (lifecycle?.ignore_changes ?? []).map((path) => path.replace(/\[\d+\]/g, ''));
  return prune(resource, '', ignored) as Attributes;
}

function prune(value: unknown, path: string, ignored: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((one) => prune(one, path, ignored));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, inner]) => !ignored.includes(below(path, name)) && !(isAnnotation(path) && UNKNOWN.test(inner)),
  );
  const inner = kept.map(([name, one]) => [name, prune(one, below(path, name), ignored)] as const);
  return Object.fromEntries(inner);
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

const isAnnotation = (path: string): boolean => /(^|\.)metadata\.annotations$/.test(path);

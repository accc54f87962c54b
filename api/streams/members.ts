// Members of values by their paths, and those that no path leads to.
import { ExactNumber } from '../../db/core/exact-json';

/** An object of JSON. */
export type Row = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

/** The member that a path leads to, through objects and by number through arrays; undefined when there is none. */
export function memberAt(value: unknown, path: readonly string[]): unknown {
  let member = value;
  for (const name of path) {
    if (typeof member !== 'object' || member === null || member instanceof ExactNumber) return undefined;
    // Of an array also `length` is an own property.
    if (Array.isArray(member) && !INDEX.test(name)) return undefined;
    if (!Object.hasOwn(member, name)) return undefined;
    member = (member as Row)[name];
  }
  return member;
}

/** Adds a member; one that is named `__proto__` is a member like any other. */
export function putMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  else object[name] = value;
}

const INDEX = /^(?:0|[1-9]\d*)$/;

/** The members that paths lead to: each as a whole, or only some of its own members. */
export type TakenMembers = ReadonlyMap<string, TakenMembers | 'whole'>;

/** The members that these paths, `device.id`, lead to. */
export function takenMembers(paths: readonly string[]): TakenMembers {
  const root = new Map<string, TakenMembers | 'whole'>();
  for (const path of paths) {
    const names = path.split('.');
    const last = names.pop() as string;
    let members: Map<string, TakenMembers | 'whole'> | undefined = root;
    for (const name of names) {
      const inner: TakenMembers | 'whole' = members.get(name) ?? new Map();
      if (inner === 'whole') {
        members = undefined;
        break;
      }
      members.set(name, inner);
      members = inner as Map<string, TakenMembers | 'whole'>;
    }
    members?.set(last, 'whole');
  }
  return root;
}

/** The members that are not taken, nested as they were; undefined when all of them are. */
export function otherMembers(value: Row, taken: TakenMembers): Row | undefined {
  let left: Record<string, unknown> | undefined;
  for (const name of Object.keys(value)) {
    const other = otherPart(value[name], taken.get(name));
    if (other === undefined) continue;
    left ??= {};
    putMember(left, name, other);
  }
  return left;
}

function otherPart(value: unknown, taken: TakenMembers | 'whole' | undefined): unknown {
  if (taken === undefined) return value;
  // A path that leads into null finds nothing, and nothing is left of it.
  if (taken === 'whole' || value === null) return undefined;
  if (Array.isArray(value)) {
    const parts = value.map((element, at) => otherPart(element, taken.get(String(at))));
    // What remains of an array stays at its place.
    return parts.every((part) => part === undefined) ? undefined : parts.map((part) => part ?? null);
  }
  return isObject(value) ? otherMembers(value, taken) : value;
}

/** The path of the first member that is not taken. */
export function pathOfFirst(left: unknown, taken: TakenMembers | 'whole' | undefined): string {
  const names: string[] = [];
  let [value, inner] = [left, taken];
  while (inner !== undefined && inner !== 'whole' && (isObject(value) || Array.isArray(value))) {
    const [name, member] = Object.entries(value).find(([, part]) => part !== null) ??
      Object.entries(value)[0] ?? ['', undefined];
    names.push(name);
    [value, inner] = [member, inner.get(name)];
  }
  return names.join('.');
}

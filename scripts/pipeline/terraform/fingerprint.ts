// A hash of the work that a plan does. Two plans of the same declaration and the same deployment have the same one.
import { createHash } from 'node:crypto';
import { canonical, kindOf, type RawChange, type RawResource } from './plan-json';

/**
 * It is made of what changes: which objects, what is done to each, and the values that it gets. Values that stay as they
 * are do not count, because the cloud may count them up at any time: a Deployment has a new `resource_version` whenever a
 * pod starts. A value that somebody changed by hand counts, because the plan then changes it back.
 * @param outputs those that change
 */
export function fingerprintOf(
  resources: readonly RawResource[],
  outputs: readonly (readonly [name: string, change: RawChange])[],
): string {
  const work = resources
    .filter(({ mode }) => mode === 'managed')
    .filter(
      ({ previous_address, change }) =>
        kindOf(change) !== 'none' || previous_address !== undefined || change.importing !== undefined,
    )
    .map((resource) => canonical(workOf(resource)))
    .sort();
  const names = outputs.map(([name, { actions }]) => canonical([name, actions])).sort();
  return createHash('sha256')
    .update(canonical([work, names]))
    .digest('hex');
}

function workOf({ address, previous_address, deposed, change }: RawResource): readonly unknown[] {
  const { actions, before, after, after_unknown, replace_paths = [], importing } = change;
  return [
    address,
    [previous_address, deposed, importing],
    actions,
    // Which object: the one that is deleted must be the one that the approval was for.
    isBag(before) ? before.id : undefined,
    // A new object is made of all values that it gets, and not only of those that the old one did not have.
    kindOf(change) === 'update' ? changedValues(before, after) : after,
    unknowns(after_unknown),
    replace_paths.map(canonical).sort(),
  ];
}

type Bag = Readonly<Record<string, unknown>>;

const isBag = (value: unknown): value is Bag =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of a value that differs from the one before; undefined when nothing does. */
function changedValues(before: unknown, after: unknown): unknown {
  if (isBag(before) && isBag(after)) return changedEntries(before, after);
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return changedEntries({ ...before }, { ...after });
  return canonical(before) === canonical(after) ? undefined : (after ?? null);
}

function changedEntries(before: Bag, after: Bag): Bag | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return filled(names.map((name) => [name, changedValues(before[name], after[name])]));
}

/** Where a value is known only after the run. The lists around it are as long as they are now, which does not count. */
function unknowns(value: unknown): unknown {
  if (value === true) return true;
  if (typeof value !== 'object' || value === null) return undefined;
  return filled(Object.entries(value).map(([name, inner]) => [name, unknowns(inner)]));
}

function filled(entries: readonly (readonly [string, unknown])[]): Bag | undefined {
  const present = entries.filter(([, value]) => value !== undefined);
  return present.length > 0 ? Object.fromEntries(present) : undefined;
}

// A plan of Terraform as `terraform show -json` prints it, reduced to what people and the guard need.
import { createHash } from 'node:crypto';
import { UsageError } from '../../../db/core/errors';

/** What happens to a resource. `forget` drops it from the state and leaves it where it is. */
export type ChangeKind = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'forget' | 'none';

/** One resource of a plan. Values are left out: they may be secret. */
export interface ResourceChange {
  readonly address: string;
  /** The address before a move. */
  readonly movedFrom?: string;
  readonly type: string;
  readonly kind: ChangeKind;
  /** Names of the attributes that change; of a replacement those that force it. */
  readonly attributes: readonly string[];
}

/** A checked plan. */
export interface InfrastructurePlan {
  /** Without those that stay as they are. */
  readonly changes: readonly ResourceChange[];
  /** What was changed outside of Terraform since the last run. */
  readonly drift: readonly ResourceChange[];
  /** Names of outputs whose value changes. */
  readonly outputs: readonly string[];
  /** Plans with the same fingerprint do the same work: it is made of addresses, actions and planned values. */
  readonly fingerprint: string;
}

/**
 * Reads the JSON.
 * @throws UsageError when it is not a plan, the plan failed, or its format is not known.
 */
export function parsePlan(text: string): InfrastructurePlan {
  const plan = documentOf(text);
  if (!/^1\./.test(plan.format_version ?? ''))
    throw new UsageError(
      `this is no plan that can be read: its format_version is "${plan.format_version}", and 1.x is known; make it with "terraform show -json"`,
    );
  if (plan.errored === true) throw new UsageError('this plan is of a run that failed; plan again');
  const all = plan.resource_changes ?? [];
  const outputs = Object.entries(plan.output_changes ?? {}).filter(([, change]) => kindOf(change) !== 'none');
  return {
    changes: all.map(resourceChange).filter(({ kind, movedFrom }) => kind !== 'none' || movedFrom),
    drift: (plan.resource_drift ?? []).map(resourceChange).filter(({ kind }) => kind !== 'none'),
    outputs: outputs.map(([name]) => name).sort(),
    fingerprint: fingerprintOf(all, outputs),
  };
}

interface RawChange {
  readonly actions: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
  readonly after_unknown?: unknown;
  readonly replace_paths?: readonly (readonly (string | number)[])[];
}

interface RawResource {
  readonly address: string;
  readonly previous_address?: string;
  readonly type: string;
  readonly mode: string;
  readonly change: RawChange;
}

interface RawPlan {
  readonly format_version?: string;
  readonly errored?: boolean;
  readonly resource_changes?: readonly RawResource[];
  readonly resource_drift?: readonly RawResource[];
  readonly output_changes?: Readonly<Record<string, RawChange>>;
}

function documentOf(text: string): RawPlan {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null) return document as RawPlan;
  } catch {
    // The check below reports this like any other text that is not a plan.
  }
  throw new UsageError('this is no plan: it is not a JSON object; make it with "terraform show -json"');
}

function resourceChange({ address, previous_address, type, change }: RawResource): ResourceChange {
  const kind = kindOf(change);
  return {
    address,
    ...(previous_address === undefined ? {} : { movedFrom: previous_address }),
    type,
    kind,
    attributes: kind === 'replace' ? forcing(change) : kind === 'update' ? changed(change) : [],
  };
}

function kindOf({ actions }: RawChange): ChangeKind {
  if (actions.includes('delete')) return actions.includes('create') ? 'replace' : 'delete';
  const [action = 'no-op'] = actions;
  if (action === 'no-op') return 'none';
  if (action === 'create' || action === 'update' || action === 'read' || action === 'forget') return action;
  // The guard must not let an action pass that it does not know.
  throw new UsageError(`this plan has an action that is not known: "${actions.join(', ')}"`);
}

const forcing = ({ replace_paths = [] }: RawChange): readonly string[] =>
  [...new Set(replace_paths.map((path) => path.join('.')))].sort();

function changed({ before, after, after_unknown }: RawChange): readonly string[] {
  const [old, planned, unknown] = [before, after, after_unknown].map(attributesOf) as [Bag, Bag, Bag];
  const names = new Set([...Object.keys(old), ...Object.keys(planned), ...Object.keys(unknown)]);
  return [...names]
    .filter((name) => hasTrue(unknown[name]) || canonical(old[name]) !== canonical(planned[name]))
    .sort();
}

type Bag = Readonly<Record<string, unknown>>;

const attributesOf = (value: unknown): Bag =>
  typeof value === 'object' && value !== null ? (value as Bag) : {};

// after_unknown holds `true` where a value is known only after the run, at any depth.
const hasTrue = (value: unknown): boolean =>
  value === true || (typeof value === 'object' && value !== null && Object.values(value).some(hasTrue));

function fingerprintOf(
  resources: readonly RawResource[],
  outputs: readonly (readonly [string, RawChange])[],
): string {
  const work = resources
    .filter(({ mode, change }) => mode === 'managed' && kindOf(change) !== 'none')
    .map(({ address, change }) => [address, ...workOf(change)])
    .sort((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1));
  const names = outputs.map(([name, { actions }]) => [name, actions]);
  return createHash('sha256')
    .update(canonical([work, names]))
    .digest('hex');
}

// Present values are left out, because a property that the cloud counts up would give every plan a new fingerprint.
const workOf = ({ actions, after, after_unknown, replace_paths = [] }: RawChange): readonly unknown[] => [
  actions,
  after,
  after_unknown,
  replace_paths,
];

/** JSON with sorted keys, and `null` for what is not there. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

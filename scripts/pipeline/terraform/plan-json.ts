// The JSON that `terraform show -json` prints of a plan, as far as it is read here.
import { UsageError } from '../../../db/core/errors';

/** What happens to a resource. `forget` drops it from the state and leaves it where it is. */
export type ChangeKind = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'forget' | 'none';

export interface RawChange {
  readonly actions: readonly string[];
  readonly before?: unknown;
  readonly after?: unknown;
  /** Holds `true` where a value is known only after the run, at any depth. */
  readonly after_unknown?: unknown;
  /** In an order that differs from one printing of the same plan to the next. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  /** Of a resource that is taken into the state. */
  readonly importing?: unknown;
}

export interface RawResource {
  readonly address: string;
  readonly previous_address?: string;
  /** The key of an earlier object of this address that is still to be deleted. */
  readonly deposed?: string;
  readonly type: string;
  readonly mode: string;
  readonly change: RawChange;
}

export interface RawPlan {
  readonly format_version?: string;
  readonly errored?: boolean;
  readonly resource_changes?: readonly RawResource[];
  readonly resource_drift?: readonly RawResource[];
  readonly output_changes?: Readonly<Record<string, RawChange>>;
}

/**
 * Reads the JSON.
 * @throws UsageError when it is not a plan, the plan failed, or its format is not known.
 */
export function readPlanJson(text: string): RawPlan {
  const plan = documentOf(text);
  if (!/^1\./.test(plan.format_version ?? ''))
    throw new UsageError(
      `this is no plan that can be read: its format_version is "${plan.format_version}", and 1.x is known; make it with "terraform show -json"`,
    );
  if (plan.errored === true) throw new UsageError('this plan is of a run that failed; plan again');
  return plan;
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

export function kindOf({ actions }: RawChange): ChangeKind {
  if (actions.includes('delete')) return actions.includes('create') ? 'replace' : 'delete';
  const [action = 'no-op'] = actions;
  if (action === 'no-op') return 'none';
  if (action === 'create' || action === 'update' || action === 'read' || action === 'forget') return action;
  // The guard must not let an action pass that it does not know.
  throw new UsageError(`this plan has an action that is not known: "${actions.join(', ')}"`);
}

/** JSON with sorted keys, and `null` for what is not there. */
export function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

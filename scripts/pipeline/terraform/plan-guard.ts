// Refuses a plan that removes data, unless each such resource is allowed by its address.
import { RefusedError, UsageError } from '../../../db/core/errors';
import { BEGINS_EMPTY, lostWith } from './data-bearing';
import type { InfrastructurePlan, ResourceChange } from './plan-model';

/** A resource that is lost together with data. */
export interface DataLoss {
  readonly change: ResourceChange;
  /** What is lost with it, for people. */
  readonly lost: string;
}

/**
 * All deletions and replacements of resources that hold data, allowed or not, and those that the state knows, that were not
 * found, and that would begin empty.
 */
export function dataLosses(
  plan: InfrastructurePlan,
  dataBearing?: Readonly<Record<string, string>>,
): readonly DataLoss[] {
  return plan.changes.flatMap((change) => {
    const lost = lostWith(change, dataBearing);
    if (lost === undefined) return [];
    const isLost = change.kind === 'delete' || change.kind === 'replace' || beginsEmpty(change, plan);
    return isLost ? [{ change, lost }] : [];
  });
}

const beginsEmpty = ({ kind, address }: ResourceChange, plan: InfrastructurePlan): boolean =>
  kind === 'create' && notFound(plan).includes(address);

/** Addresses of what holds data by itself, is in the state, and was not found. */
const notFound = ({ drift }: InfrastructurePlan): readonly string[] =>
  drift.flatMap(({ kind, type, address }) =>
    kind === 'delete' && BEGINS_EMPTY.includes(type) ? [address] : [],
  );

/**
 * A removal forgets what it does not find. With the login of another cluster or subscription, that would be a deployment that
 * still runs.
 * @throws RefusedError
 */
export function requireFound(plan: InfrastructurePlan): void {
  const missing = notFound(plan);
  if (missing.length === 0) return;
  throw new RefusedError(
    `these are in the state and were not found:\n${missing.map((address) => `  ${address}`).join('\n')}\nis this the right cluster and subscription? Correct the kubeconfig, its context or the login. If they are gone, forget them with "terraform state rm '${missing[0]}'" in the folder of the stack, and destroy the rest`,
  );
}

/**
 * Lets a plan pass or not.
 * @param allowed addresses of resources that may go
 * @throws RefusedError that lists what is not allowed, UsageError when something is allowed that the plan does not take away.
 */
export function guard(losses: readonly DataLoss[], allowed: readonly string[]): void {
  const addresses = losses.map(({ change }) => change.address);
  const needless = allowed.filter((address) => !addresses.includes(address));
  if (needless.length > 0)
    throw new UsageError(
      `the plan takes away no data with ${needless.join(', ')}; an address is given as the plan shows it`,
    );
  const refused = losses.filter(({ change }) => !allowed.includes(change.address));
  if (refused.length === 0) return;
  const lines = refused.map(({ change, lost }) =>
    change.kind === 'create'
      ? `  ${change.kind} ${change.address}, which was not found: it would begin empty, without ${lost}`
      : `  ${change.kind} ${change.address}: ${lost} would be lost`,
  );
  const place = refused.some(({ change }) => change.kind === 'create')
    ? 'is this the right cluster and subscription? Correct the kubeconfig, its context or the login; '
    : '';
  const names = refused.map(({ change }) => change.address).join(',');
  throw new RefusedError(
    `the plan would take data away:\n${lines.join('\n')}\n${place}change the declaration back, or consent with --allow '${names}'`,
  );
}

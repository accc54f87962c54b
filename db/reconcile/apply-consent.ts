// Checks a plan before it is carried out: it must be fresh and confirmed, without refusals, and every hazard must be allowed.
import { RefusedError } from '../core/errors';
import { invocation } from '../core/invocation';
import { counted } from '../core/quantities';
import type { HazardName, Plan, Step } from '../model';

export interface Consent {
  /** The hazards that are allowed. */
  readonly allow: readonly HazardName[];
  /** A plan that was saved earlier. It is refused if planning now gives another result. */
  readonly saved?: Plan;
  /** Asks for confirmation of a plan that has unconfirmed steps and passes all other checks. */
  readonly confirm?: (plan: Plan) => Promise<boolean>;
}

/**
 * Checks the first plan of a run, and later ones that are made after a lost session. Steps that were agreed to are not asked
 * about again.
 * @param agreed is filled with the steps that are agreed to.
 * @throws RefusedError that says why, and what to do.
 */
export async function requireConsent(plan: Plan, agreed: Set<string>, consent: Consent): Promise<void> {
  const { saved, allow, confirm } = consent;
  const unseen = plan.steps.filter((step) => !agreed.has(essence(step)));
  if (agreed.size === 0) requireFresh(plan, saved);
  else if (saved !== undefined && unseen.length > 0) throw changedMeanwhile(unseen);
  requireNoRefusals(plan);
  requireHazardsAllowed(plan, allow);
  if (unseen.length > 0 && confirm !== undefined && !(await confirm(plan)))
    throw new RefusedError('nothing was changed: the plan was not confirmed');
  for (const step of unseen) agreed.add(essence(step));
}

const essence = ({ id, sql }: Step): string => JSON.stringify([id, sql]);

function requireFresh(plan: Plan, saved: Plan | undefined): void {
  if (saved === undefined || saved.fingerprint === plan.fingerprint) return;
  const [theirs, ours] = [saved.server, plan.server];
  if (theirs.database !== ours.database || theirs.engine !== ours.engine) {
    throw new RefusedError(
      `the saved plan was made for database ${theirs.database} on engine ${theirs.engine}; this is ${ours.database} on ${ours.engine}. Nothing was changed: check DATABASE_URL, or run "${invocation('plan --out FILE')}" here and read it`,
    );
  }
  throw new RefusedError(
    `the saved plan is stale: it was made for another state of ${theirs.database} (${saved.fingerprint.slice(0, 12)}, now ${plan.fingerprint.slice(0, 12)}). Nothing was changed: run "${invocation('plan --out FILE')}" again and read it`,
  );
}

function changedMeanwhile(unseen: readonly Step[]): RefusedError {
  return new RefusedError(
    `the database changed while the saved plan was carried out, and now needs steps that are not in the plan: ${unseen.map(({ id }) => id).join(', ')}. Earlier steps stay; run "${invocation('plan --out FILE')}" again and read it`,
  );
}

function requireNoRefusals({ refusals }: Plan): void {
  if (refusals.length === 0) return;
  throw new RefusedError(
    `nothing was changed: ${counted(refusals.length, 'difference')} cannot be repaired safely\n${refusals
      .map(({ object, what, why, wayOut }) => `  ${object} ${what}: ${why}. Way out: ${wayOut}`)
      .join('\n')}`,
  );
}

function requireHazardsAllowed({ steps }: Plan, allow: readonly HazardName[]): void {
  const open = steps.flatMap((step) =>
    step.hazards.filter(({ name }) => !allow.includes(name)).map((hazard) => ({ step, hazard })),
  );
  if (open.length === 0) return;
  const names = [...new Set(open.map(({ hazard }) => hazard.name))];
  throw new RefusedError(
    `nothing was changed: consent is missing\n${open.map(({ step, hazard }) => `  ${step.id}: ${hazard.name}: ${hazard.reason}`).join('\n')}\nIf you accept that, add --allow ${names.join(',')}`,
  );
}

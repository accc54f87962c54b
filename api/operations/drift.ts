// Compares the database with the declaration. All requests within half a minute share one plan.
import type { Plan } from '../../db/model';
import { inSync } from '../../db/reconcile/plan';
import { currentInstant, timeText } from '../http/time';

/** What a comparison found. */
export interface Drift {
  /** When the comparison ended, ISO 8601. */
  readonly checkedAt: string;
  readonly inSync: boolean;
  readonly steps: Plan['steps'];
  readonly refusals: Plan['refusals'];
}

const GOOD_FOR_MS = 30_000;

/** Returns the drift from a plan that is at most half a minute old; everyone who waits for a plan gets its failure. */
export function watchDrift(
  plan: () => Promise<Plan>,
  clock: () => number = () => Date.now(),
): () => Promise<Drift> {
  let latest: Promise<Drift> | undefined;
  // A plan ages only once it exists, so that slow planning is not started a second time.
  let until = Number.POSITIVE_INFINITY;
  const compare = async (): Promise<Drift> => {
    const made = await plan();
    const now = clock();
    until = now + GOOD_FOR_MS;
    return {
      checkedAt: timeText(currentInstant(now)),
      inSync: inSync(made),
      steps: made.steps,
      refusals: made.refusals,
    };
  };
  return () => {
    if (latest === undefined || clock() >= until) {
      until = Number.POSITIVE_INFINITY;
      const asked = compare();
      latest = asked;
      asked.catch(() => {
        latest = undefined;
      });
    }
    return latest;
  };
}

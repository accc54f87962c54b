// Compares the database with the declaration: one plan at a time, shared by everyone who asks within half a minute.
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

/** Gives the drift, from a plan that is at most half a minute old; a failure is for those who wait for it. */
export function watchDrift(
  plan: () => Promise<Plan>,
  clock: () => number = () => Date.now(),
): () => Promise<Drift> {
  let latest: Promise<Drift> | undefined;
  // Until a plan is there it does not age: planning that takes long is not started a second time.
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

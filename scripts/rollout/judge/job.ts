// Judges a Job (pure): it has completed, or failed for good, or a step of it is running.
import { conditionOf, ownedBy, type Pod, type Surroundings, type Workload, warningAbout } from '../objects';
import { complete, progressing, type Trouble, type Verdict } from '../verdict';
import { ended, failedContainer, podTrouble } from './pod-trouble';

/** Key of the trouble of a Job that does not try again. */
export const FAILED_FOR_GOOD = 'failed for good';

/** In seconds: see the other workloads. */
const REFUSED = 60;

export function judgeJob(job: Workload, around: Surroundings): Verdict {
  if (conditionOf(job, 'Complete')?.status === 'True') return complete('completed');
  // The newest first: an earlier attempt failed, but the Job goes on.
  const pods = [...ownedBy(around.pods, job)].sort((a, b) => (createdAt(a) < createdAt(b) ? 1 : -1));
  const failed = conditionOf(job, 'Failed');
  if (failed?.status === 'True') return progressing('failed', finalFailure(failed.message ?? '', pods));
  const [newest] = pods;
  if (newest === undefined) {
    const warning = warningAbout(around.events, job, 'FailedCreate');
    return progressing(
      'no pod yet',
      warning && { key: 'refused', text: `FailedCreate: ${warning.message}`, patience: REFUSED },
    );
  }
  const attempts = pods.length > 1 ? ` (attempt ${pods.length})` : '';
  return progressing(`${stepOf(newest)}${attempts}`, podTrouble(newest, around));
}

const createdAt = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';

/** Ended for good: more time changes nothing. */
function finalFailure(message: string, pods: readonly Pod[]): Trouble {
  const found = pods.map(failedContainer).find((one) => one !== undefined);
  if (found === undefined) return { key: FAILED_FOR_GOOD, text: message, patience: 0 };
  const { terminated, place } = found;
  const text = [message, `step ${place.container} failed, ${ended(terminated)}`].filter(Boolean).join('; ');
  return { key: FAILED_FOR_GOOD, text, patience: 0, log: place, words: terminated.message };
}

function stepOf({ status }: Pod): string {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const running = statuses.find(({ state }) => state?.running !== undefined);
  return running === undefined ? 'its pod is starting' : `step ${running.name} runs`;
}

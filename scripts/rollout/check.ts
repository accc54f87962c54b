// Terraform runs this after it has made or changed a workload, in the folder of the stack, and goes on when it ends with 0. It
// waits until the workload is up. TSDB_ROLLOUT says what to wait for: see k8s/rollout.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { processEnvironment } from '../../db/server/config';
import { note } from '../output';
import { outliveReaders, runner } from '../run-to-exit';
import { connect } from './access';
import { parseRequest, type RolloutRequest } from './request';
import { type Clock, type WaitProps, waitForRollout } from './wait';

/** Checks a rollout of the stack in a folder: see `waitForRollout`. */
export async function checkRollout(
  folder: string,
  request: RolloutRequest,
  { env, signal, mode, limit }: CheckProps,
): Promise<void> {
  const cluster = await connect(folder, request);
  // A caller that does not wait for long does so in any case.
  const limits = [limitIn(env), limit].filter((one) => one !== undefined);
  await waitForRollout(request, {
    ...{ cluster, mode, say: note, clock: clockUntil(signal) },
    limit: limits.length === 0 ? undefined : Math.min(...limits),
  });
}

export interface CheckProps extends Pick<WaitProps, 'mode' | 'limit'> {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

// Terraform kills the shell that runs the check when it is interrupted, and not the check.
function clockUntil(signal: AbortSignal): Clock {
  const parent = process.ppid;
  return {
    now: () => performance.now(),
    sleep: async (milliseconds) => {
      await sleep(milliseconds, undefined, { signal });
      if (process.ppid !== parent) throw new UsageError('whoever started the check has ended');
    },
  };
}

/** TSDB_ROLLOUT_LIMIT, in seconds, takes the place of the limits that the stack declares. */
function limitIn({ TSDB_ROLLOUT_LIMIT: text = '' }: Environment): number | undefined {
  if (text === '') return undefined;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit > 0) return limit;
  throw new UsageError(`TSDB_ROLLOUT_LIMIT must be a whole number of seconds above 0, got "${text}"`);
}

if (require.main === module) {
  outliveReaders();
  void runner.untilSignal(async (signal) => {
    const env = processEnvironment();
    if (!env.TSDB_ROLLOUT) throw new UsageError('Terraform runs this; people run "npm run pipeline:rollout"');
    await checkRollout(process.cwd(), parseRequest(env.TSDB_ROLLOUT), { env, signal, mode: 'deploy' });
    return 0;
  });
}

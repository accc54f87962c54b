// Waits until everything of a rollout is up, tells what it waits for, and gives up with the pod's own reason.
import { messageOf, UsageError } from '../../db/core/errors';
import type { Cluster } from './cluster';
import { FAILED_FOR_GOOD } from './judge/job';
import { look } from './look';
import { lastLines, NoAnswerError } from './read';
import { markFailure, removeStuckPod, runAgain } from './repair';
import type { RolloutRequest, RolloutTarget } from './request';
import type { Trouble, Verdict } from './verdict';

/** Time, so that tests need not wait. */
export interface Clock {
  /** In milliseconds, from any beginning. */
  now(): number;
  /** @throws when the wait is interrupted. */
  sleep(milliseconds: number): Promise<void>;
}

export interface WaitProps {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Tells people one line of progress. */
  say(line: string): void;
  /** `deploy` also lets a failed Job run again, and removes pods that block their own replacement. `look` changes nothing. */
  readonly mode: 'deploy' | 'look';
  /** In seconds, in place of the limit of each object. */
  readonly limit?: number | undefined;
}

/** A rollout has failed, or takes longer than it may. The message says which object, and why. */
export class RolloutError extends UsageError {}

const PAUSE_MS = 1_000;
const LONG_PAUSE_MS = 3_000;
/** The first looks come fast, because most rollouts are over in seconds. */
const FAST_MS = 30_000;
/** A line says that something still lasts. */
const REMINDER_MS = 30_000;
/** How long, in milliseconds, the API server may be away. */
const SILENCE_MS = 60_000;
/** The operator's objects do not say which version their status is about, so a good status must last. In milliseconds. */
const SETTLE_MS = 10_000;

/**
 * One object after the other.
 * @throws RolloutError at the first that fails.
 * @throws UsageError when the cluster cannot be asked.
 */
export async function waitForRollout(
  { namespace, targets }: RolloutRequest,
  props: WaitProps,
): Promise<void> {
  for (const target of targets) await waitFor(namespace, target, props);
}

async function waitFor(namespace: string, target: RolloutTarget, props: WaitProps): Promise<void> {
  const { cluster, clock, mode } = props;
  const started = clock.now();
  const limit = (props.limit ?? target.seconds) * 1_000;
  const tell = teller(target, props);
  const troubles = lasting();
  const silences = lasting();
  const settled = lasting();
  const called = `${target.kind} ${target.name}`;
  if (mode === 'deploy' && (await runAgain(cluster, namespace, target)))
    props.say(`${called} failed in an earlier deployment: it runs again`);
  for (;;) {
    const now = clock.now();
    const verdict = await ask(namespace, target, props);
    if (verdict.kind === 'silent') {
      if (silences.since(verdict.text, now) >= SILENCE_MS)
        throw new UsageError(`the cluster at ${cluster.address} does not answer: ${verdict.text}`);
      tell(verdict.text, now);
      await clock.sleep(LONG_PAUSE_MS);
      continue;
    }
    silences.end();
    if (verdict.kind === 'complete') {
      if (!isOfOperator(target) || settled.since('complete', now) >= SETTLE_MS)
        return props.say(`${called}: ${verdict.text}`);
    } else {
      settled.end();
      const { trouble } = verdict;
      if (trouble === undefined) troubles.end();
      else if (troubles.since(trouble.key, now) >= trouble.patience * 1_000) {
        if (mode !== 'deploy' || trouble.stuckPod === undefined)
          throw await failure({ namespace, target, trouble, why: 'failed' }, props);
        if (await removeStuckPod(cluster, namespace, trouble.stuckPod))
          props.say(
            `${called}: pod ${trouble.stuckPod.name} of the previous version cannot start and is removed`,
          );
        troubles.end();
      }
      if (now - started >= limit) {
        const why = `is not up after ${duration(now - started)}`;
        throw await failure({ namespace, target, trouble, why: `${why} (${verdict.text})` }, props);
      }
      tell(trouble === undefined ? verdict.text : `${verdict.text}; ${trouble.text}`, now);
    }
    await clock.sleep(now - started < FAST_MS ? PAUSE_MS : LONG_PAUSE_MS);
  }
}

type Answer = Verdict | { readonly kind: 'silent'; readonly text: string };

/** A cluster that is upgraded does not answer for a while. */
async function ask(namespace: string, target: RolloutTarget, { cluster }: WaitProps): Promise<Answer> {
  try {
    return await look(cluster, namespace, target);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (typeof code === 'string' && CERTIFICATE.test(code))
      throw new UsageError(
        `the certificate of the cluster at ${cluster.address} is not trusted: ${messageOf(error)}`,
      );
    if (!(error instanceof NoAnswerError) && code === undefined && !isTimeout(error)) throw error;
    return { kind: 'silent', text: messageOf(error) };
  }
}

/** Codes of OpenSSL and Node about certificates. */
const CERTIFICATE = /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

const isTimeout = (error: unknown): boolean => /no answer within|socket hang up/.test(messageOf(error));

const isOfOperator = ({ kind }: RolloutTarget): boolean => kind === 'Cluster' || kind === 'Pooler';

interface Failure {
  readonly namespace: string;
  readonly target: RolloutTarget;
  readonly trouble: Trouble | undefined;
  readonly why: string;
}

async function failure(
  { namespace, target, trouble, why }: Failure,
  { cluster, mode, say }: WaitProps,
): Promise<RolloutError> {
  if (mode === 'deploy' && trouble?.key === FAILED_FOR_GOOD)
    await markFailure(cluster, namespace, target).catch((error) => say(messageOf(error)));
  const told = trouble === undefined ? '' : `: ${trouble.text}`;
  const log = trouble?.log && (await lastLines(cluster, namespace, trouble.log));
  const words = log || trouble?.words?.trimEnd() || '';
  const lines = words === '' ? '' : `\n${words.replace(/^/gm, '  | ')}`;
  return new RolloutError(`${target.kind} ${target.name} ${why}${told}${lines}`);
}

/** How long the same thing has lasted, in milliseconds. */
function lasting() {
  let current: string | undefined;
  let began = 0;
  return {
    since(key: string, now: number): number {
      if (key !== current) began = now;
      current = key;
      return now - began;
    },
    end(): void {
      current = undefined;
    },
  };
}

/** Says what is new, and after a while that it is still so. */
function teller({ kind, name }: RolloutTarget, { clock, say }: WaitProps) {
  const started = clock.now();
  let last = '';
  let at = 0;
  return (text: string, now: number): void => {
    if (text === last && now - at < REMINDER_MS) return;
    last = text;
    at = now;
    say(`${kind} ${name} (${duration(now - started)}): ${text}`);
  };
}

/** `45s`, `3m20s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

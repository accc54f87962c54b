// Policies as declared and as read, what differs between them, and how that is said.

import type { Relation } from '../language/aggregate';
import { formatInterval, type Interval, parseIsoInterval, sameInterval } from '../language/interval';
import type { Findings } from '../model';

export type PolicyKind = 'refresh' | 'retention' | 'columnstore' | 'chunks';

/** The times of a policy; which ones exist depends on its kind. */
export interface PolicyTimes {
  /** Age at which retention or columnstore acts; how far ahead chunks are made. */
  readonly after?: Interval;
  readonly startOffset?: Interval;
  readonly endOffset?: Interval;
  /** How often it runs; absent means the default of the engine, which is not compared. */
  readonly every?: Interval;
}

/** A policy that should exist. */
export interface DesiredPolicy {
  readonly kind: PolicyKind;
  readonly on: Relation;
  readonly times: PolicyTimes;
}

/** A policy that exists. An open window is an absent offset. */
export interface PolicyState {
  readonly id: number;
  readonly kind: PolicyKind;
  readonly object: string;
  readonly times: PolicyTimes;
  /** Whether somebody has paused it. A pause by an apply does not count. */
  readonly paused: boolean;
  /** Settings that change what it does and that cannot be declared, as `name = value`. They are a difference. */
  readonly foreign: readonly string[];
  /** Settings that only change how it works. They are left alone. */
  readonly kept: readonly string[];
}

/** A policy as an engine reads it; intervals are ISO 8601. */
export interface PolicyRow {
  readonly id: number;
  readonly kind: PolicyKind;
  readonly object: string;
  readonly after: string | null;
  readonly start: string | null;
  readonly end: string | null;
  readonly every: string;
  readonly paused: boolean;
  readonly foreign: readonly string[];
  readonly kept: readonly string[];
}

export function policyState({ after, start, end, every, ...row }: PolicyRow): PolicyState {
  const time = (key: keyof PolicyTimes, iso: string | null): PolicyTimes =>
    iso === null ? {} : { [key]: parseIsoInterval(iso) };
  return {
    ...row,
    times: {
      ...time('after', after),
      ...time('startOffset', start),
      ...time('endOffset', end),
      ...time('every', every),
    },
  };
}

/** Whether a policy is as declared, and does nothing else besides. */
export const isAsDeclared = ({ times }: DesiredPolicy, state: PolicyState): boolean =>
  state.foreign.length === 0 && sameTimes(times, state.times);

/** Whether the times are as declared. */
export function sameTimes(desired: PolicyTimes, actual: PolicyTimes): boolean {
  return differingTimes(desired, actual).length === 0;
}

// A schedule that is not declared is the server's own. Every other time that is not declared is a difference, too.
function differingTimes(desired: PolicyTimes, actual: PolicyTimes): readonly (keyof PolicyTimes)[] {
  return TIMES.filter((key) => {
    const [a, b] = [desired[key], actual[key]];
    if (a === undefined) return b !== undefined && key !== 'every';
    return b === undefined || !sameInterval(a, b);
  });
}

const TIMES: readonly (keyof PolicyTimes)[] = ['startOffset', 'endOffset', 'after', 'every'];

/** Says what a policy does. */
export function describe({ kind, times }: Pick<DesiredPolicy, 'kind' | 'times'>): string {
  switch (kind) {
    case 'refresh':
      return `refresh policy from ${text(times.startOffset)} ago to ${text(times.endOffset)} ago, every ${text(times.every)}`;
    case 'retention':
      return `retention policy of ${text(times.after)}`;
    case 'columnstore':
      return `columnstore policy for chunks older than ${text(times.after)}`;
    case 'chunks':
      return 'policy that makes chunks ahead of time';
  }
}

const text = (interval: Interval | undefined): string => (interval ? formatInterval(interval) : 'none');

/** Says what of a policy changes, old → new. */
export function describeChange(policy: DesiredPolicy, state: PolicyState): string {
  const names: Readonly<Record<keyof PolicyTimes, string>> = {
    startOffset: 'refresh from',
    endOffset: 'refresh to',
    after: policy.kind === 'columnstore' ? 'columnstore after' : policy.kind,
    every: 'every',
  };
  return [
    ...differingTimes(policy.times, state.times).map(
      (key) => `${names[key]} ${text(state.times[key])} → ${text(policy.times[key])}`,
    ),
    ...state.foreign.map((setting) => `remove ${setting}, which is not declared`),
  ].join('; ');
}

/** A job as far as its settings are concerned. */
type JobState = Pick<PolicyState, 'id' | 'object' | 'paused' | 'kept'> & { readonly kind: string };

/**
 * Names the settings of jobs that nobody declares, and the jobs that somebody has paused.
 * @param resume a statement that resumes a job.
 */
export function settingsOf(
  policies: readonly JobState[],
  resume: (id: number) => string,
): Pick<Findings, 'undeclared' | 'warnings'> {
  const job = ({ id, kind, object }: JobState): string => `job ${id} (${kind} of ${object})`;
  return {
    undeclared: policies.flatMap((state) => state.kept.map((setting) => `${setting} of ${job(state)}`)),
    warnings: policies
      .filter(({ paused }) => paused)
      .map(
        (state) =>
          `${job(state)} was paused by hand and does nothing; to resume it, run "${resume(state.id)}"`,
      ),
  };
}

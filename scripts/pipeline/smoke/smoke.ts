// pipeline smoke: asks a deployed API a few questions and judges the answers. Exit code 1 when one is wrong.
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../../db/core/errors';
import { cell } from '../../../db/reconcile/format-markdown';
import { note, table } from '../../output';
import { ciHost } from '../ci-host';
import { tellWhyNotReady } from '../rollout';
import { type StackRun, type StageRun, stacksOf } from '../stage';
import { type ApiClient, apiClient } from './api-client';
import { type Outcome, type SmokeTarget, smokeChecks } from './smoke-checks';
import { trustOf } from './trust';

export interface SmokeFlags {
  /** Address of the API, such as `https://tsdb.example`; default TSDB_API_URL. */
  readonly url?: string;
  /** Authority of its certificate, when it is not a public one: PEM, its base64, or a file; default TSDB_API_CA. */
  readonly ca?: string;
  /** Name in its certificate, when the address has another; default TSDB_API_SERVERNAME. */
  readonly servername?: string;
  /** How long a fresh deployment may take to get ready, in seconds. */
  readonly wait: number;
}

const PAUSE_MS = 1_000;

/**
 * Runs all checks, even when one fails. TSDB_API_KEY is the key to read with, TSDB_API_WRITE_KEY the one to write a reading.
 * @throws UsageError when nothing says where the API is, or TSDB_API_CA is no certificate.
 */
export async function smoke(flags: SmokeFlags, run: StageRun | StackRun): Promise<number> {
  const target = targetOf(flags, run);
  await untilReady(target, flags.wait, run.signal);
  const results: (readonly [string, Outcome])[] = [];
  for (const check of smokeChecks) results.push([check.name, await check.run(target)]);
  note(
    table(
      ['check', '', ''],
      results.map(([name, outcome]) => [name, outcome.kind, tellOf(outcome)]),
    ),
  );
  ciHost(run.env).publish(pageOf(target.url, results));
  const isReady = results.every(([name, { kind }]) => name !== 'ready' || kind !== 'failed');
  if (!isReady && 'folderOf' in run) await tellWhyNotReady(stacksOf([], run), run);
  return results.every(([, { kind }]) => kind !== 'failed') ? 0 : 1;
}

function targetOf({ url, ca, servername }: SmokeFlags, { env, signal }: StageRun): SmokeTarget {
  const address = url || env.TSDB_API_URL;
  if (!address) throw new UsageError('nothing says where the API is: give --url, or set TSDB_API_URL');
  if (!/^https?:\/\//.test(address) || !URL.canParse(address))
    throw new UsageError(`the address of the API must be like https://tsdb.example, got "${address}"`);
  const trust = trustOf({ ca: ca || env.TSDB_API_CA, servername: servername || env.TSDB_API_SERVERNAME });
  const client = (key?: string): ApiClient => apiClient(address, { key, signal, trust });
  return {
    url: new URL(address),
    anyone: client(),
    ...(env.TSDB_API_KEY ? { reader: client(env.TSDB_API_KEY) } : {}),
    ...(env.TSDB_API_WRITE_KEY ? { writer: client(env.TSDB_API_WRITE_KEY) } : {}),
  };
}

/** DNS names and certificates of a new deployment take a while. When the time is up, the checks report what is wrong. */
async function untilReady({ anyone }: SmokeTarget, seconds: number, signal: AbortSignal): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  while ((await anyone.get('/health/ready')).status !== 200) {
    if (performance.now() + PAUSE_MS >= end) return;
    await sleep(PAUSE_MS, undefined, { signal });
  }
}

const MARK: Readonly<Record<Outcome['kind'], string>> = {
  passed: 'passed',
  failed: '**failed**',
  skipped: 'skipped',
};

function pageOf(url: URL, results: readonly (readonly [string, Outcome])[]): string {
  return [
    `### Smoke test of ${url.origin}`,
    '',
    '| check | | |',
    '|---|---|---|',
    ...results.map(([name, outcome]) => `| ${name} | ${MARK[outcome.kind]} | ${cell(tellOf(outcome))} |`),
  ].join('\n');
}

const tellOf = (outcome: Outcome): string => (outcome.kind === 'passed' ? outcome.detail : outcome.reason);

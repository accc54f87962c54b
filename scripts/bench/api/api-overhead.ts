// What the API costs beside a bare handler with the same SQL: requests per second of both, in turns on one database.
import type { ChildProcess } from 'node:child_process';
import { DatabaseError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import type { Environment } from '../../../db/core/settings';
import { freePort } from '../../../db/local/free-port';
import { inTurns, type RunControl } from '../in-turns';
import type { ApiReport } from '../report/report';
import { summarize, summarizeRatio } from '../report/statistics';
import type { LoadOrder, LoadResult } from './api-load';
import { nextMessage, withProcesses } from './processes';

export interface ApiOptions extends RunControl {
  /** Measurements of each side. */
  readonly repeat: number;
  /** Length of each, in seconds. */
  readonly seconds: number;
  readonly env: Environment;
}

const CONNECTIONS = 8;
const WARM_UP_SECONDS = 2;

/** Measures on a database that holds set `iot` with readings up to now. */
export async function measureApi(
  url: string,
  { repeat, seconds, env, signal, onNote }: ApiOptions,
): Promise<ApiReport> {
  const [apiPort, barePort] = [await freePort(), await freePort()];
  const programs = [
    { name: 'api-process' },
    { name: 'bare-handler', args: [String(barePort)] },
    { name: 'api-load' },
  ] as const;
  return withProcesses(programs, { env, own: apiSettings(url, apiPort) }, async (children) => {
    const loader = children[2] as ChildProcess;
    const measure = (target: string) => (round: number) =>
      load(loader, target, round === 0 ? Math.min(seconds, WARM_UP_SECONDS) : seconds);
    const onRound = (round: number): void => {
      if (round > 0) onNote(`API and bare handler: ${round} of ${repeat}`);
    };
    const [api = [], bare = []] = await inTurns({ rounds: repeat, signal, onRound }, [
      measure(`http://127.0.0.1:${apiPort}/api/sensors/sensor_001/hourly?period=1w`),
      measure(`http://127.0.0.1:${barePort}/hourly?sensor=sensor_001&days=7`),
    ]);
    return {
      question: 'hourly figures of one sensor over a week (GET /api/sensors/{id}/hourly?period=1w)',
      connections: CONNECTIONS,
      seconds,
      api: summarize(api, 'requests/s'),
      bareHandler: summarize(bare, 'requests/s'),
      ratio: summarizeRatio(api, bare),
    };
  });
}

/** Settings of an API under test. */
export const apiSettings = (url: string, port: number): Readonly<Record<string, string>> => ({
  DATABASE_URL: url,
  TSDB_SCHEMAS: 'iot,service',
  HOST: '127.0.0.1',
  PORT: String(port),
  LOG_LEVEL: 'warn',
});

/** Requests per second. */
async function load(loader: ChildProcess, url: string, seconds: number): Promise<number> {
  const answer = nextMessage<LoadResult>(loader);
  loader.send({ url, seconds, connections: CONNECTIONS } satisfies LoadOrder);
  const { requests, not200, errors } = await answer;
  if (not200 > 0 || errors > 0 || requests === 0)
    throw new DatabaseError(
      `${url}: of ${counted(requests, 'request')}, ${not200} had an answer other than 200 and ${errors} failed; its speed means nothing`,
    );
  return requests / seconds;
}

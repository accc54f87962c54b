// A real Prometheus, where one is installed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { freePort } from '../../../db/local/free-port';
import { waitFor } from '../../../db/local/testing/wait';

const findProgram = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

/** The program: `TSDB_TEST_PROMETHEUS`, or the one on PATH. */
export const prometheusPath: string | undefined =
  process.env.TSDB_TEST_PROMETHEUS || findProgram('prometheus');

/** The program that checks metrics: beside `prometheus`, or on PATH. */
export const promtoolPath: string | undefined =
  [...(prometheusPath ? [join(dirname(prometheusPath), 'promtool')] : [])].find((file) => existsSync(file)) ??
  findProgram('promtool');

/** Why tests with the programs are skipped; undefined where they are installed. */
export const noPrometheus =
  prometheusPath && promtoolPath
    ? undefined
    : 'prometheus and promtool are not on PATH; set TSDB_TEST_PROMETHEUS to the program';

/** A Prometheus that scrapes `origin`/metrics each second and writes to `remoteWrite`. */
export interface PrometheusUnderTest {
  /** Answers of `/api/v1/query`. */
  query(
    expression: string,
  ): Promise<readonly { readonly metric: object; readonly values: [number, string][] }[]>;
  /** Stops the scrapes and waits until everything is sent. */
  stop(): Promise<void>;
}

/** Starts it. */
export async function startPrometheus(
  program: string,
  { origin, remoteWrite }: { readonly origin: string; readonly remoteWrite: string },
): Promise<PrometheusUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-prometheus-'));
  const port = await freePort();
  const settings = join(folder, 'prometheus.yml');
  writeFileSync(
    settings,
    `global: {scrape_interval: 1s}
scrape_configs:
  - job_name: tsdb
    static_configs: [{targets: ['${new URL(origin).host}']}]
remote_write:
  - url: ${remoteWrite}
    queue_config: {batch_send_deadline: 200ms, min_backoff: 30ms, max_backoff: 100ms, retry_on_http_429: true}
`,
  );
  const child: ChildProcess = spawn(
    program,
    [
      `--config.file=${settings}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined);
  await waitFor('Prometheus is ready', async () => (await ask('/-/ready'))?.ok === true);
  return {
    query: async (expression) => {
      const answer = await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`);
      if (!answer) throw new Error('Prometheus does not answer');
      return ((await answer.json()) as { readonly data: { readonly result: never } }).data.result;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      // On SIGTERM it sends what is in its queues.
      if (child.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

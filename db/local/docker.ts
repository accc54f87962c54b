// Runs the TimescaleDB image as the local server, on machines with Docker but without TimescaleDB.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../core/errors';
import type { Env } from './binaries';
import { LocalServerError } from './errors';
import { freePort } from './free-port';
import { waitUntilReady } from './readiness';

const IMAGE = 'timescale/timescaledb:2.29.2-pg17';
const PULL_PATIENCE_MS = 600_000;
const NO_LIMIT = 0;

/** Everything that the arguments of `docker run` depend on. */
export interface ContainerSpec {
  readonly name: string;
  readonly port: number;
  readonly envFile: string;
}

/** Whether a Docker engine answers in time. */
export async function dockerWorks(env: Env, patienceMs = 5_000): Promise<boolean> {
  try {
    await docker(env, ['info', '--format', '{{.ServerVersion}}'], patienceMs);
    return true;
  } catch {
    return false;
  }
}

/** Arguments of `docker run`. The data is in a named volume, because files in a bind mount would belong to the image's user. */
export function runArguments({ name, port, envFile }: ContainerSpec): string[] {
  return [
    'run',
    '--rm',
    '--detach',
    `--name=${name}`,
    `--publish=127.0.0.1:${port}:5432`,
    `--volume=${name}:/var/lib/postgresql/data`,
    `--env-file=${envFile}`, // not --env: arguments are visible to every user of the machine
    '--shm-size=256m', // parallel queries need more than Docker's 64 MB
    IMAGE,
    'postgres',
    ...[
      'timezone=UTC',
      'max_locks_per_transaction=512',
      'jit=off',
      'timescaledb.telemetry_level=off',
    ].flatMap((setting) => ['-c', setting]),
  ];
}

/** Starts the container. A container that a killed process left is replaced. */
export async function startDockerServer({
  env,
  folder,
}: {
  env: Env;
  folder: string;
}): Promise<{ url: string; ended: Promise<string>; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { name, password, envFile } = identity(folder);
  await docker(env, ['stop', '--time', '30', name], 60_000).catch(() => undefined); // usually there is none
  const port = await freePort();
  try {
    await docker(env, runArguments({ name, port, envFile }), PULL_PATIENCE_MS);
  } catch (error) {
    throw new LocalServerError(`docker cannot run ${IMAGE}: ${messageOf(error).trim()}`, { cause: error });
  }
  const stop = async (): Promise<void> => {
    await docker(env, ['stop', '--time', '30', name], 60_000);
  };
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  // On first use the image prepares the data behind a closed port, so an answer comes from the final server.
  const fault = await waitUntilReady(url, { ended: () => undefined });
  if (fault === undefined) return { url, ended: containerEnd(env, name), stop };
  const logs = await docker(env, ['logs', '--tail', '12', name], 10_000).catch(messageOf);
  await stop().catch(() => undefined);
  throw new LocalServerError(`the container ${name} of ${IMAGE} ${fault}:\n${logs.trim()}`);
}

/** `docker wait` lasts as long as the container. When it fails itself, nobody knows about the container. */
function containerEnd(env: Env, name: string): Promise<string> {
  return docker(env, ['wait', name], NO_LIMIT).then(
    (code) => `ended with code ${code.trim()}`,
    () => new Promise(() => undefined),
  );
}

/** Name and password of the volume are stored in the same file, so that one is never there without the other. */
function identity(folder: string): { name: string; password: string; envFile: string } {
  const envFile = join(folder, 'container.env');
  if (!existsSync(envFile)) {
    const lines = [
      `POSTGRES_PASSWORD=${randomBytes(24).toString('hex')}`,
      'POSTGRES_INITDB_ARGS=--data-checksums',
      `TSDB_VOLUME=timescaledb-as-code-${randomBytes(6).toString('hex')}`,
    ];
    writeFileSync(envFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  }
  const values = new Map(
    readFileSync(envFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
  );
  return { name: values.get('TSDB_VOLUME') ?? '', password: values.get('POSTGRES_PASSWORD') ?? '', envFile };
}

async function docker(env: Env, args: string[], timeout: number): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, { env: env as NodeJS.ProcessEnv, timeout });
  return stdout;
}

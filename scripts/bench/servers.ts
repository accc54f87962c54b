// The servers that a benchmark measures: the configured one, or private ones of both engines, one after the other.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from '../../db/local/binaries';
import { startCluster } from '../../db/local/cluster';
import { serverSettings } from '../../db/local/server-settings';
import { forcedChoice, timescaleNotFound } from '../../db/local/servers';

/** A running server. */
export interface BenchServer {
  /** Address of a database to connect to first. */
  readonly url: string;
  /** Where it comes from, for people. */
  readonly origin: string;
  /** Stops and removes what was started; the configured server is left alone. */
  stop(): Promise<void>;
}

/** Starts one server. */
export type StartServer = () => Promise<BenchServer>;

/**
 * Starters of the servers. Private ones run as `tsdb up` runs them, and are thrown away afterwards.
 * @param configured address of the server that the environment names.
 * @throws UsageError when TSDB_LOCAL_SERVER asks for a container, or for a TimescaleDB that is not installed.
 */
export function benchServers(
  configured: string | undefined,
  env: Environment,
  onNote: (text: string) => void,
): readonly StartServer[] {
  if (configured !== undefined)
    return [async () => ({ url: configured, origin: 'DATABASE_URL', stop: async () => undefined })];
  const choice = forcedChoice(env);
  if (choice === 'docker')
    throw new UsageError(
      'tsdb bench starts no container; start one by yourself and name it by DATABASE_URL, or unset TSDB_LOCAL_SERVER',
    );
  const installed = choice === 'embedded' ? undefined : findTimescaleBinaries(env);
  if (choice === 'timescaledb' && installed === undefined) throw timescaleNotFound();
  if (choice === undefined && installed === undefined)
    onNote(
      'no TimescaleDB Community was found here, so only the embedded PostgreSQL is measured; name one by TSDB_PG_BIN or DATABASE_URL',
    );
  return [
    ...(installed === undefined ? [] : [() => startPrivate(installed)]),
    ...(choice === 'timescaledb' ? [] : [() => startPrivate(embeddedBinaries())]),
  ];
}

async function startPrivate(binaries: ServerBinaries): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-bench-'));
  // When this process is root, the server runs as another user, who must be able to enter the folder.
  chmodSync(folder, 0o755);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const { url, stop } = await startCluster({
      binaries,
      folder: join(folder, 'server'),
      // The data is removed even when this process is killed. The settings are those of data that is kept.
      durable: false,
      settings: {
        shared_buffers: sharedBuffersOf(binaries),
        fsync: 'on',
        synchronous_commit: 'on',
        full_page_writes: 'on',
      },
    });
    return {
      url,
      origin: binaries.origin,
      stop: async () => {
        await stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

const sharedBuffersOf = ({ flavour }: ServerBinaries): string =>
  serverSettings({ flavour, port: 0, durable: true, memoryBytes: totalmem() }).shared_buffers as string;

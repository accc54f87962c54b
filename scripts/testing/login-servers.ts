// For tests of login roles: servers of their own, as roles belong to a whole server; they log every statement.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from '../../db/local/binaries';
import { startCluster } from '../../db/local/cluster';
import { createTestDatabase, type TestDatabase } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import type { LoginName } from '../../db/logins/roles';
import { type Dialect, dialectOf, type EngineName } from '../../db/model';
import { programFolder } from './dump-servers';

/** A server, a folder with password files, and addresses for each login. */
export interface LoginServer {
  readonly place: string;
  readonly folder: string;
  createDatabase(): Promise<TestDatabase>;
  /** Writes password files; gives them by login. */
  writePasswords(generation: string, ...names: readonly LoginName[]): void;
  /** The address of a database for a login, with the password that its file holds, or another. */
  as(name: LoginName, url: string, password?: string): string;
  /** Everything that the server has logged. */
  log(): string;
  stop(): Promise<void>;
}

const installed = findTimescaleBinaries(process.env);

// Where pg_dump is, a plain server of its version is used: the embedded one is newer than most pg_dumps.
const binaries: Readonly<Record<Dialect, () => ServerBinaries | undefined>> = {
  timescaledb: () => installed,
  postgres: () =>
    installed !== undefined && programFolder !== undefined
      ? { ...installed, flavour: 'postgres' }
      : embeddedBinaries(),
};

/** Engines that there are binaries for. */
export const loginEngines: readonly EngineName[] =
  installed === undefined ? ['postgres'] : ['timescaledb', 'postgres'];

/** Starts the server. */
export async function startLoginServer(engine: EngineName): Promise<LoginServer> {
  const place = temporaryFolder();
  const folder = join(place, 'passwords');
  mkdirSync(folder);
  const found = binaries[dialectOf(engine)]();
  if (found === undefined) throw new Error(`no binaries of ${engine}`);
  const cluster = await startCluster({
    binaries: found,
    folder: join(place, 'cluster'),
    durable: false,
    settings: {
      log_statement: 'all',
      // Jobs are run by name here; the server's own runs would come between the lines of a test.
      ...(found.flavour === 'timescaledb' ? { 'timescaledb.max_background_workers': '0' } : {}),
    },
  });
  return {
    place,
    folder,
    createDatabase: () => createTestDatabase({ url: cluster.url }),
    writePasswords: (generation, ...names) => {
      for (const name of names) writeFileSync(join(folder, name), `${passwordOf(name, generation)}\n`);
    },
    as: (name, url, password = readFileSync(join(folder, name), 'utf8').trim()) => {
      const address = new URL(url);
      address.username = `tsdb_${name}`;
      address.password = password;
      return address.href;
    },
    log: () => readFileSync(cluster.logFile, 'utf8'),
    stop: async () => {
      await cluster.stop();
      removeFolder(place);
    },
  };
}

/** As long as a generated one. */
export const passwordOf = (name: LoginName, generation: string): string =>
  `clear-text-${generation}-of-${name}-0123456789`;

// For tests: runs PgBouncer as a deployment does, as a process of this machine.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { serverUser } from '../../db/local/system-user';
import { quietPort } from '../../db/local/testing/quiet-port';
import { installedPgBouncers, versionOf } from '../../db/testing/load-pgbouncer';
import { startThrowAway, type ThrowAwayProcess } from './throw-away-process';

export interface Pooler extends ThrowAwayProcess {
  readonly port: number;
  log(): string;
  isReady(): boolean;
}

/** PgBouncer 1.23 or newer, from TSDB_TEST_PGBOUNCER or the PATH; undefined where there is none. */
export const findPooler = (): string | undefined => installedPgBouncers().find(isNewEnough);

export const missingPooler = (): string | undefined =>
  findPooler() === undefined ? 'no PgBouncer 1.23 or newer; TSDB_TEST_PGBOUNCER names one' : undefined;

function isNewEnough(program: string): boolean {
  const [major = 0, minor = 0] = versionOf(program).split('.').map(Number);
  return major * 1000 + minor >= 1023;
}

/** What a deployment has for its container; see `infra/core/pooler.ts`. */
export interface PoolerContainer {
  readonly files: Readonly<Record<'configuration' | 'password' | 'users', string>>;
  /** Content of the configuration, for a server of this name. */
  configuration(host: string): string;
  readonly command: readonly string[];
  /** Ends with 0 when it answers. */
  readonly ready: readonly string[];
}

export interface PoolerProps {
  readonly container: PoolerContainer;
  /** An empty folder. */
  readonly folder: string;
  /** Address of the server. */
  readonly server: URL;
  /** What the database is called there; clients call it as in every deployment. */
  readonly database: string;
  readonly password: string;
  /** Folder of PostgreSQL's programs. */
  readonly pgBin: string;
}

/** Starts it with the configuration, the command and the user of a container. Nothing has waited for it yet. */
export async function startPooler(props: PoolerProps): Promise<Pooler> {
  const { container, folder, server, database, password, pgBin } = props;
  const port = await quietPort();
  const user = serverUser();
  mkdirSync(folder, { recursive: true });
  const places = Object.entries(container.files).map(([name, path]) => [path, join(folder, name)] as const);
  const here = (text: string): string =>
    places.reduce((moved, [path, place]) => moved.replaceAll(path, place), text);
  const configuration = here(container.configuration(server.hostname))
    .replace('port=5432 dbname=tsdb', `port=${server.port} dbname=${database}`)
    .replace('listen_port = 5432', `listen_port = ${port}`);
  writeFileSync(join(folder, 'configuration'), configuration);
  writeFileSync(join(folder, 'password'), password);
  if (user !== undefined)
    for (const path of [folder, join(folder, 'configuration'), join(folder, 'password')])
      chownSync(path, user.uid, user.gid);
  const logFile = join(folder, 'log');
  const [shell = '', ...args] = container.command.map(here);
  const env = { PATH: `${dirname(findPooler() ?? '')}:${process.env.PATH}` };
  const [ready = '', ...flags] = container.ready.map((word) => word.replace('5432', `${port}`));
  return {
    ...startThrowAway(shell, args, { logFile, env, user }),
    port,
    log: () => readFileSync(logFile, 'utf8'),
    isReady: () => spawnSync(join(pgBin, ready), flags).status === 0,
  };
}

// Creates the data of a cluster once, either completely or not at all.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../core/errors';
import { majorOf, type ServerBinaries } from './binaries';
import { giveTo } from './cluster-folder';
import { LocalServerError } from './errors';
import { runAs, SERVER_ENV, type SystemUser } from './system-user';

/** What a start needs to know about the data. */
export interface ClusterData {
  readonly dataDir: string;
  readonly password: string;
}

const DATA = 'data';
const DRAFT = 'data.new-';

/** Runs initdb in a temporary folder, which is renamed when it is complete. Existing data is only checked. */
export async function prepareData(
  binaries: ServerBinaries,
  folder: string,
  options: { user: SystemUser | undefined; durable: boolean },
): Promise<ClusterData> {
  const dataDir = join(folder, DATA);
  // This process holds the folder's lock, so an interrupted start has left every draft in it.
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(DRAFT))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  if (existsSync(dataDir)) {
    refuseOtherMajor(binaries, dataDir);
    return { dataDir, password: readPassword(folder) };
  }
  const password = randomBytes(24).toString('hex');
  const passwordFile = join(folder, 'password');
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
  const draft = join(folder, `${DRAFT}${randomBytes(4).toString('hex')}`);
  mkdirSync(draft, { mode: 0o700 });
  if (options.user !== undefined) for (const path of [passwordFile, draft]) giveTo(options.user, path);
  await runInitdb(
    binaries,
    [...initdbArguments(binaries, draft, passwordFile), ...(options.durable ? [] : ['--no-sync'])],
    options.user,
  ).catch((error: unknown) => {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  });
  renameSync(draft, dataDir);
  return { dataDir, password };
}

/** The arguments of initdb. The collation does not depend on libraries of the system, so it is the same on every machine. */
export function initdbArguments(binaries: ServerBinaries, dataDir: string, passwordFile: string): string[] {
  const locale =
    majorOf(binaries) >= 17
      ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
      : ['--locale=C'];
  return [
    '-D',
    dataDir,
    '--username=postgres',
    '--encoding=UTF8',
    ...locale,
    '--auth=scram-sha-256',
    // The nodes of a Citus cluster reach one another as any role, whose password they do not know, through a socket in a folder
    // that only the user of the servers can enter.
    ...(binaries.flavour === 'citus' ? ['--auth-local=trust'] : []),
    `--pwfile=${passwordFile}`,
    '--data-checksums',
    '--no-instructions',
  ];
}

async function runInitdb(
  binaries: ServerBinaries,
  args: string[],
  user: SystemUser | undefined,
): Promise<void> {
  try {
    await promisify(execFile)(join(binaries.binDir, 'initdb'), args, {
      ...runAs(user),
      env: { ...SERVER_ENV },
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const said = `${stdout}${stderr}`.trim().split('\n').slice(-8).join('\n');
    throw new LocalServerError(
      `initdb of PostgreSQL ${binaries.version} failed: ${said === '' ? messageOf(error) : said}`,
      { cause: error },
    );
  }
}

function refuseOtherMajor(binaries: ServerBinaries, dataDir: string): void {
  const file = join(dataDir, 'PG_VERSION');
  const found = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (found === String(majorOf(binaries))) return;
  const holds = found === undefined ? 'is not a PostgreSQL data folder' : `holds data of PostgreSQL ${found}`;
  throw new LocalServerError(
    `${dataDir} ${holds}, and the server is PostgreSQL ${binaries.version}; choose another data folder or remove this one`,
  );
}

function readPassword(folder: string): string {
  try {
    return readFileSync(join(folder, 'password'), 'utf8').trim();
  } catch (error) {
    throw new LocalServerError(
      `the password of the cluster in ${folder} cannot be read: ${messageOf(error)}; restore that file or choose another data folder`,
      { cause: error },
    );
  }
}

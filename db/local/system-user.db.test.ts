// Starts as root, and meetings of root's and other users' folders. Runs fully only as root, as in many containers.
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { embeddedBinaries, type ServerBinaries } from './binaries';
import { startCluster } from './cluster';
import { publishedBinaries } from './published-binaries';
import { withClient } from './server-facts';
import { canRun, defaultDataFolder, isRoot, type SystemUser, serverUser } from './system-user';
import { itUnless } from './testing/needs';
import { removeFolder, temporaryFolder } from './testing/places';

const itAsRoot = itUnless(isRoot() ? undefined : 'this user is not root');
const itAsUser = itUnless(isRoot() ? 'this user is root' : undefined);
const binaries = embeddedBinaries();
/** Only for tests that run as root. */
const user = (isRoot() ? serverUser() : undefined) as SystemUser;

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

/** Runs a callback as another user and comes back. */
async function asUser<T>({ uid, gid }: { uid: number; gid: number }, act: () => Promise<T>): Promise<T> {
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

let closedFolder: string;
/**
 * The embedded package in a place that only root reaches, with modes as npm under a strict umask leaves them. One copy for
 * the tests that look at it, as it takes seconds.
 */
const closedCopy = (): ServerBinaries => ({
  ...binaries,
  binDir: join(closedFolder, 'package', 'native', 'bin'),
});
beforeAll(() => {
  closedFolder = temporaryFolder();
  if (!isRoot()) return;
  const copy = join(closedFolder, 'package');
  cpSync(dirname(dirname(binaries.binDir)), copy, { recursive: true, verbatimSymlinks: true });
  chmodSync(join(copy, 'native', 'lib'), 0o700);
  chmodSync(closedFolder, 0o700);
});
afterAll(() => removeFolder(closedFolder));

describe('started as root', () => {
  itAsRoot(
    'gives the folder to the unprivileged user, through new folders below a strict umask',
    async () => {
      const before = process.umask(0o077);
      const deep = join(folder, 'a', 'b');
      const cluster = await startCluster({ binaries, folder: deep, durable: false }).finally(() =>
        process.umask(before),
      );
      expect(statSync(join(deep, 'data')).uid).toBe(user.uid);
      await withClient(cluster.url, (client) => client.query('SELECT 1'));
      await cluster.stop();
    },
  );

  itAsRoot('serves the folder of an ordinary user as that user', async () => {
    const theirs = join(folder, 'theirs');
    mkdirSync(theirs, { mode: 0o700 });
    chownSync(theirs, 65534, 65534);
    const cluster = await startCluster({ binaries, folder: theirs, durable: false });
    expect(statSync(join(theirs, 'data')).uid).toBe(65534);
    expect(statSync(cluster.logFile).uid).toBe(65534);
    await cluster.stop();
  });

  itAsRoot('refuses a folder below a closed one', async () => {
    chmodSync(folder, 0o700);
    const closed = join(folder, 'below');
    await expect(startCluster({ binaries, folder: closed, durable: false })).rejects.toThrow(
      `user ${user.name}, which runs the server because root may not, cannot reach ${closed}`,
    );
  });

  itAsRoot('moves the default data folder out of a closed checkout only', () => {
    expect(defaultDataFolder(folder)).toBe(join(folder, '.tsdb'));
    chmodSync(folder, 0o700);
    expect(defaultDataFolder(folder)).toMatch(
      /^\/var\/lib\/timescaledb-as-code\/tsdb-place-\w+-[0-9a-f]{8}$/,
    );
  });

  itAsRoot('copies embedded binaries out of a closed checkout, once', async () => {
    const closed = closedCopy();
    expect(canRun(user, join(closed.binDir, 'postgres'))).toBe(false);
    const cache = join(folder, 'cache');
    const open = publishedBinaries(closed, user, [cache]);
    expect(open.binDir.startsWith(cache)).toBe(true);
    expect(publishedBinaries(closed, user, [cache])).toEqual(open);
    expect(readdirSync(cache)).toHaveLength(1);

    const cluster = await startCluster({ binaries: open, folder: join(folder, 'data'), durable: false });
    await withClient(cluster.url, (client) => client.query('SELECT 1'));
    await cluster.stop();
  });

  itAsRoot('does not trust a cache that others can write to', () => {
    const caches = ['shared', 'own'].map((name) => join(folder, name));
    mkdirSync(join(folder, 'shared'));
    chmodSync(join(folder, 'shared'), 0o777);
    expect(publishedBinaries(closedCopy(), user, caches).binDir).toContain(join(folder, 'own'));
    expect(() => publishedBinaries(closedCopy(), user, caches.slice(0, 1))).toThrow(
      'has to be copied to a readable place',
    );
    expect(readdirSync(join(folder, 'shared'))).toEqual([]);
  });

  itAsRoot('refuses installed binaries that the user cannot run', () => {
    const installed = { ...closedCopy(), origin: 'installed' } as const;
    expect(() => publishedBinaries(installed, user)).toThrow(/cannot run .*set TSDB_LOCAL_SERVER=embedded/);
  });
});

describe('started by an ordinary user', () => {
  const refusal = (place: string): Promise<unknown> =>
    startCluster({ binaries, folder: place, durable: false }).catch((error: unknown) => String(error));

  itAsRoot('refuses the folder of another user', async () => {
    const message = await asUser(user, () => refusal(folder));
    expect(message).toMatch(
      new RegExp(`^LocalServerError: ${folder} belongs to user 0, and this is user ${user.uid};`),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  itAsRoot('refuses a place it cannot write to', async () => {
    expect(await asUser(user, () => refusal(join(folder, 'new')))).toMatch(
      /cannot write to .*EACCES.*another data folder/,
    );
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });

  itAsUser('refuses the folder of another user', async () => {
    expect(await refusal('/usr')).toMatch(/^LocalServerError: \/usr belongs to user 0/);
  });
});

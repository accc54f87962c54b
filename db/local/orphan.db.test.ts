// Kills the parent of a cluster in the ways that happen, and looks at what remains.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { embeddedBinaries } from './binaries';
import { startCluster } from './cluster';
import { probe, waitUntilReady } from './readiness';
import { withClient } from './server-facts';
import { settingArguments } from './server-settings';
import { isRoot, runAs } from './system-user';
import { lives, postmasterPid, removeFolder, temporaryFolder } from './testing/places';
import { type PreparedCluster, prepareCluster } from './testing/prepared-cluster';
import { waitFor } from './testing/wait';

const ROOT = join(__dirname, '..', '..');
const binaries = embeddedBinaries();

let prepared: PreparedCluster;
beforeAll(async () => {
  prepared = await prepareCluster();
});
afterAll(() => prepared.remove());

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  prepared.copyTo(folder);
});
afterEach(() => removeFolder(folder));

/** Starts a process that starts a cluster; resolves when the cluster is up. */
function startParent(kind: 'durable' | 'throw-away'): Promise<{ parent: ChildProcess; url: string }> {
  const script = join(__dirname, 'testing', 'start-and-wait.ts');
  const parent = spawn(process.execPath, ['--import', 'tsx', script, folder, kind], {
    cwd: ROOT,
    detached: true, // a process group of its own, as a terminal gives to a command
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    parent.stdout?.once('data', (line: Buffer) => resolve({ parent, url: line.toString().trim() }));
    parent.once('exit', () => reject(new Error('the parent ended before its cluster was up')));
  });
}

describe('a cluster whose parent dies', () => {
  it.each([
    ['is killed', 'SIGKILL'],
    ['is interrupted together with its process group', 'SIGINT'],
  ] as const)('starts again with its data when the parent %s', async (_, signal) => {
    const { parent, url } = await startParent('durable');
    await withClient(url, (client) => client.query('CREATE TABLE kept AS SELECT 42 AS answer'));
    const pid = postmasterPid(folder) ?? 0;
    expect(lives(pid)).toBe(true);
    const gone = once(parent, 'exit');
    process.kill(-(parent.pid ?? 0), signal);
    await gone;
    // At once: the server of the dead parent may still be shutting down.
    const again = await startCluster({ binaries, folder, durable: true });
    expect(lives(pid)).toBe(false);
    const { rows } = await withClient(again.url, (client) => client.query('SELECT answer FROM kept'));
    expect(rows).toEqual([{ answer: 42 }]);
    await again.stop();
  });

  it('stops by itself when nobody starts it again', async () => {
    const { parent } = await startParent('durable');
    const pid = postmasterPid(folder) ?? 0;
    parent.kill('SIGKILL');
    await waitFor('the end of the server', () => !lives(pid));
    expect(existsSync(join(folder, 'data', 'PG_VERSION'))).toBe(true);
  });

  it('removes its folder when it is a throw-away', async () => {
    const { parent } = await startParent('throw-away');
    const pid = postmasterPid(folder) ?? 0;
    parent.kill('SIGKILL');
    await waitFor('the removal of its folder', () => !existsSync(folder));
    expect(lives(pid)).toBe(false);
  });
});

describe('a server without parent and guard', () => {
  it('is stopped by the next start', async () => {
    const first = await startCluster({ binaries, folder, durable: true });
    await first.stop();
    const data = join(folder, 'data');
    const { uid, gid } = statSync(data);
    const log = openSync(first.logFile, 'a');
    const orphan = spawn(
      join(binaries.binDir, 'postgres'),
      [
        '-D',
        data,
        ...settingArguments({
          port: String(first.port),
          listen_addresses: '127.0.0.1',
          unix_socket_directories: '',
        }),
      ],
      {
        ...runAs(isRoot() ? { name: '', uid, gid } : undefined),
        stdio: ['ignore', log, log],
        detached: true,
      },
    );
    closeSync(log);
    const ended = new Promise((resolve) => orphan.once('exit', resolve));
    expect(await waitUntilReady(first.url, { ended: () => undefined })).toBeUndefined();
    const again = await startCluster({ binaries, folder, durable: true });
    expect(await ended).toBe(0); // a fast shutdown, not a crash
    expect(await probe(again.url)).toBeUndefined();
    await again.stop();
  });
});

// `tsdb up` that is interrupted, killed or cannot start: one clear reason, no partial data, nothing left running.
import { appendFileSync, chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { runningServer } from '../../db/local/lock';
import { canEnter, isRoot, serverUser } from '../../db/local/system-user';
import { postmasterPid, removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { select } from '../../db/testing/apply';
import { allGone, type Finished, processesOf, type Running, startTsdb, tsdb } from '../testing/command-line';
import { NPM_SERVER } from '../testing/npm-server';

const SMALL = ['--days', '1', '--sensors', '2', '--interval', '300'];

describe('one data folder through its life', () => {
  let folder: string;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => removeFolder(folder));

  /** A process group of its own, as a terminal gives to a command. */
  const start = (...args: readonly string[]): Running =>
    startTsdb(['up', '--port', '0', '--data', folder, ...args], {
      env: NPM_SERVER,
      options: { detached: true },
    });
  const signalGroup = (running: Running, signal: NodeJS.Signals): void => {
    process.kill(-(running.process.pid ?? 0), signal);
  };
  const isUp = (running: Running): Promise<unknown> => running.says(/Ctrl-C stops everything/);

  it('is without a row after Ctrl-C in the middle of the sample data, and seeded by the next start', async () => {
    const platform = start('--days', '30', '--sensors', '999');
    await platform.says(/schema: \d+ steps applied/);
    await copyIsUnderWay(runningServer(folder) ?? '');
    signalGroup(platform, 'SIGINT');
    expect(await platform.finished).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/interrupted\n$/),
    });
    expect(processesOf(folder)).toEqual([]);
    expect(await start('--once', ...SMALL).finished).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('sample data: 576 readings of 2 sensors'),
    });
  });

  it('ends well on one Ctrl-C that npm and tsx relay', async () => {
    const platform = start();
    await isUp(platform);
    signalGroup(platform, 'SIGINT');
    // The relayed one follows at once, and not before the first has arrived: of two that wait the kernel makes one.
    await waitFor('the arrival of the first signal', () => !isPending(platform.process.pid));
    platform.process.kill('SIGINT');
    expect(await platform.finished).toMatchObject({ code: 0, signal: null });
    expect(platform.output()).toMatch(/stopping/);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    expect(processesOf(folder)).toEqual([]);
  });

  it('is given back when the terminal goes away first', async () => {
    const platform = start();
    await isUp(platform);
    platform.process.stdout?.destroy();
    platform.process.stderr?.destroy();
    platform.process.kill('SIGTERM');
    expect(await platform.finished).toMatchObject({ code: 0, signal: null });
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('is taken over at once after SIGKILL, with its data', async () => {
    const platform = start();
    await isUp(platform);
    platform.process.kill('SIGKILL');
    await platform.finished;
    expect(await tsdb(['plan'], { TSDB_DATA: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no database'),
    });
    const { code, stderr } = await start('--once').finished;
    expect(code).toBe(0);
    expect(stderr).toContain('there are readings already');
    expect(await allGone(folder)).toBe(true);
  });

  it.each(['SIGKILL', 'SIGQUIT'] as const)(
    'says that its PostgreSQL ended by %s, ends too, and starts again with its data',
    async (signal) => {
      const platform = start();
      await isUp(platform);
      const before = await readings(folder);
      const cluster = readdirSync(folder).find((name) => name.startsWith('postgres-')) ?? '';
      process.kill(postmasterPid(join(folder, cluster)) ?? 0, signal);
      const { code, stderr } = await platform.finished;
      expect(code).toBe(1);
      expect(stderr.split('\n').filter((line) => line.startsWith('error:'))).toEqual([
        expect.stringMatching(
          /^error: PostgreSQL (was ended by SIGKILL|ended with code \d) \(its log is .*server\.log\), so everything stops; the data stays: run "npm start" again$/,
        ),
      ]);
      expect(existsSync(join(folder, 'lock'))).toBe(false);
      expect(await allGone(folder)).toBe(true);

      const again = start();
      await isUp(again);
      expect(await readings(folder)).toBe(before);
      expect(before).toBeGreaterThan(0);
      again.process.kill('SIGHUP');
      expect(await again.finished).toMatchObject({ code: 0, signal: null });
    },
  );

  it('gives the reason of a server that does not start', async () => {
    const cluster = readdirSync(folder).find((name) => name.startsWith('postgres-')) ?? '';
    appendFileSync(join(folder, cluster, 'data', 'postgresql.conf'), '\nno_such_setting = on\n');
    const { code, stdout, stderr } = await start('--once').finished;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: PostgreSQL \S+ in .* ended with code 1:\n(?:.*\n)*.*no_such_setting/);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    expect(await allGone(folder)).toBe(true);
  });
});

const readings = async (folder: string): Promise<number> => {
  const count = 'SELECT count(*)::int AS rows FROM public.sensor_data';
  const [row] = await select<{ rows: number }>(runningServer(folder) ?? '', count);
  return row?.rows ?? 0;
};

/** Whether a SIGINT still waits for a process; where there is no /proc it is taken to have arrived. */
function isPending(pid: number | undefined): boolean {
  const file = `/proc/${pid}/status`;
  const [, pending = '0'] =
    /^ShdPnd:\s*(\S+)$/m.exec(existsSync(file) ? readFileSync(file, 'utf8') : '') ?? [];
  return (BigInt(`0x${pending}`) & (1n << BigInt(constants.signals.SIGINT - 1))) !== 0n;
}

/** Waits until the server has taken rows of a COPY that is still going on. */
async function copyIsUnderWay(url: string): Promise<void> {
  await waitFor('the sample data on its way', async () => {
    const rows = await select(url, 'SELECT FROM pg_stat_progress_copy WHERE tuples_processed > 1000');
    return rows.length > 0;
  });
}

describe('up refuses', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => removeFolder(folder));

  const refusal = async (running: Running): Promise<Finished> => {
    const end = await running.finished;
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 1, stdout: '' });
    expect(end.stderr).toMatch(/^error: .*\n$/);
    expect(processesOf(folder)).toEqual([]);
    return end;
  };
  const up = (data: string, ...args: readonly string[]): Running =>
    startTsdb(['up', '--once', '--port', '0', '--data', data, ...args], { env: NPM_SERVER });

  it('a port that is taken, before anything is made', async () => {
    const { server, port } = await listen();
    const data = join(folder, 'data');
    const { stderr } = await refusal(up(data, '--port', String(port)));
    expect(stderr).toContain(
      `port ${port} on 127.0.0.1 is in use; stop the other program, or choose another`,
    );
    expect(existsSync(data)).toBe(false);
    await new Promise((done) => server.close(done));
  });

  it('an address that is not of this machine', async () => {
    const { stderr } = await refusal(up(join(folder, 'data'), '--host', '192.0.2.1'));
    expect(stderr).toContain('cannot listen on 192.0.2.1');
  });

  it('a file as data folder', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect((await refusal(up(file))).stderr).toContain('choose another data folder');
  });

  it('a data folder that this user may not write to', async () => {
    const user = serverUser();
    // As root only an ordinary user can be refused; a checkout that is closed to them cannot run the test.
    if (isRoot() && (user === undefined || !canEnter(user, __dirname))) return;
    chmodSync(folder, 0o555);
    const identity = isRoot() && user ? { uid: user.uid, gid: user.gid } : {};
    const running = startTsdb(['up', '--once', '--port', '0', '--data', folder], {
      env: NPM_SERVER,
      options: identity,
    });
    const { stderr } = await refusal(running);
    expect(stderr).toContain('choose another data folder');
    chmodSync(folder, 0o755);
  });
});

function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address ? address.port : 0 });
    });
  });
}

import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalServerError } from './errors';
import { announceServer, lockOwner, runningServer, takeLock, withdrawServer } from './lock';
import { identify, type ProcessIdentity } from './process-identity';
import { removeFolder, temporaryFolder } from './testing/places';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => removeFolder(folder));

/** The identity of a process that has ended. */
async function deadProcess(): Promise<ProcessIdentity> {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  const identity = identify(child.pid ?? 0) as ProcessIdentity;
  await new Promise((resolve) => child.once('exit', resolve));
  return identity;
}

const leaveLock = (owner: ProcessIdentity): void =>
  writeFileSync(join(folder, 'lock'), JSON.stringify(owner));

describe('takeLock', () => {
  it('refuses a second owner while the first lives, and names it', () => {
    const lock = takeLock(folder);
    expect(() => takeLock(folder)).toThrow(
      new LocalServerError(
        `${folder} is in use by process ${process.pid}; stop that one first, or choose another data folder`,
      ),
    );
    lock.release();
    takeLock(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('does not release the lock of a later owner', () => {
    const first = takeLock(folder);
    first.release();
    const second = takeLock(folder);
    first.release();
    expect(lockOwner(folder)?.pid).toBe(process.pid);
    second.release();
    expect(lockOwner(folder)).toBeUndefined();
  });

  it('takes over from a process that has ended', async () => {
    leaveLock(await deadProcess());
    expect(lockOwner(folder)).toBeUndefined();
    takeLock(folder).release();
  });

  it('takes over when the number of the owner belongs to a later process', () => {
    const now = identify(process.pid) as ProcessIdentity;
    leaveLock({ ...now, started: `${now.started}0` });
    takeLock(folder).release();
  });

  it('takes over a lock that is cut off', () => {
    writeFileSync(join(folder, 'lock'), '{"pid":');
    takeLock(folder).release();
  });

  it('refuses a folder it cannot write to', () => {
    expect(() => takeLock(join(folder, 'absent'))).toThrow(
      /cannot lock .*ENOENT.*choose another data folder/,
    );
  });

  it('lets exactly one of many processes win a left lock', async () => {
    leaveLock(await deadProcess());
    const script = `
      require('tsx/cjs');
      const { takeLock } = require(${JSON.stringify(join(__dirname, 'lock.ts'))});
      process.stdin.once('data', () => {
        try { takeLock(${JSON.stringify(folder)}); console.log('won'); } catch { console.log('lost'); }
        process.stdin.once('data', () => process.exit());
      });
      console.log('ready');`;
    const racers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['-e', script], { cwd: __dirname, stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const say = (): Promise<string[]> =>
      Promise.all(
        racers.map(
          (one) =>
            new Promise<string>((resolve) => one.stdout.once('data', (text) => resolve(`${text}`.trim()))),
        ),
      );
    expect(await say()).toEqual(racers.map(() => 'ready'));
    const outcome = say();
    for (const one of racers) one.stdin.write('go\n');
    expect((await outcome).sort()).toEqual(['lost', 'lost', 'lost', 'won']);
    for (const one of racers) one.stdin.write('end\n');
    await Promise.all(racers.map((one) => new Promise((resolve) => one.once('exit', resolve))));
  });
});

describe('runningServer', () => {
  it('gives the address while the process that announced it lives', () => {
    expect(runningServer(folder)).toBeUndefined();
    announceServer(folder, 'postgresql://a');
    announceServer(folder, 'postgresql://b');
    expect(runningServer(folder)).toBe('postgresql://b');
    withdrawServer(folder);
    expect(runningServer(folder)).toBeUndefined();
    expect(existsSync(join(folder, 'server.json'))).toBe(false);
  });

  it('ignores the note of a process that has ended, and a broken one', async () => {
    writeFileSync(
      join(folder, 'server.json'),
      JSON.stringify({ url: 'postgresql://a', ...(await deadProcess()) }),
    );
    expect(runningServer(folder)).toBeUndefined();
    writeFileSync(join(folder, 'server.json'), '');
    expect(runningServer(folder)).toBeUndefined();
  });
});

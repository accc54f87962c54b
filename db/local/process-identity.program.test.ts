import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { commandLine, identify, stillLives, workingFolder } from './process-identity';
import { itUnless } from './testing/needs';

describe('identify', () => {
  it('tells a living process and keeps telling the same', () => {
    const first = identify(process.pid);
    expect(first).toMatchObject({ pid: process.pid });
    expect(first?.started).not.toBe('');
    expect(identify(process.pid)).toEqual(first);
  });

  it('knows none for an ended process and for numbers that mean groups', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await new Promise((resolve) => child.once('exit', resolve));
    for (const pid of [child.pid ?? 0, 0, -1, Number.NaN]) expect(identify(pid)).toBeUndefined();
  });
});

describe('stillLives', () => {
  it('tells a process from an earlier one with the same number', () => {
    const now = identify(process.pid);
    expect(stillLives({ pid: process.pid, started: now?.started ?? '' })).toBe(true);
    expect(stillLives({ pid: process.pid, started: 'earlier' })).toBe(false);
    expect(stillLives({ pid: process.pid, started: '' })).toBe(true); // not recorded where the system does not tell
  });
});

it('commandLine has the arguments of a process', () => {
  expect(commandLine(process.pid)).toContain('jest');
});

itUnless(process.platform === 'linux' ? undefined : 'only Linux tells it')(
  'workingFolder is where a process stands',
  () => {
    expect(workingFolder(process.pid)).toBe(realpathSync(process.cwd()));
  },
);

// Password files: which are read, what they may hold, and that no fault shows one.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../core/errors';
import { readLoginPasswords } from './passwords';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsdb-passwords-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (files: Readonly<Record<string, string>>): void => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
};
const fault = (): string => {
  try {
    readLoginPasswords(folder);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
  }
  return 'no fault';
};

const GOOD = 'correct horse battery';

describe('readLoginPasswords', () => {
  it('reads the files of logins and nothing else', () => {
    write({ owner: `${GOOD}\n`, app: `${GOOD} 2\r\n`, postgres: 'x', repository: 'y', '.hidden': 'z' });
    expect([...readLoginPasswords(folder)]).toEqual([
      ['owner', GOOD],
      ['app', `${GOOD} 2`],
    ]);
  });

  it('reads a secret as Kubernetes mounts it', () => {
    mkdirSync(join(folder, '..2026_11_21'));
    writeFileSync(join(folder, '..2026_11_21', 'backup'), GOOD);
    symlinkSync('..2026_11_21', join(folder, '..data'));
    symlinkSync(join('..data', 'backup'), join(folder, 'backup'));
    expect([...readLoginPasswords(folder)]).toEqual([['backup', GOOD]]);
  });

  it('lists every fault and shows no password', () => {
    write({ owner: 'fifteen letters', app: `${GOOD}\nsecond line`, backup: `${GOOD} é`, monitoring: '\n' });
    const text = fault();
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/owner has 15 characters; a password needs at least 16$/),
      expect.stringMatching(/app must be one line of printable ASCII/),
      expect.stringMatching(/monitoring has 0 characters/),
      expect.stringMatching(/backup must be one line of printable ASCII/),
    ]);
    expect(text).not.toMatch(/fifteen|horse/);
  });

  it('takes a password of 16 characters', () => {
    write({ owner: 'sixteen  letters' });
    expect(readLoginPasswords(folder).get('owner')).toBe('sixteen  letters');
  });

  it('says what is missing', () => {
    write({ postgres: GOOD });
    expect(fault()).toMatch(/has none of the files owner, app, monitoring, backup/);
    rmSync(folder, { recursive: true });
    expect(fault()).toMatch(/the folder cannot be read: ENOENT/);
  });
});

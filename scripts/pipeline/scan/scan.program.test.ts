// The stage scan with scanners that fail in the ways that real ones do, and with the real shellcheck where it is.
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { itUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { scan } from './scan';

const pathOf = (program: string): string =>
  spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
const withProgram = (program: string) =>
  itUnless(pathOf(program) === '' ? `${program} is not on PATH` : undefined);

describe('pipeline scan', () => {
  let folder: string;
  let printed: string;
  beforeEach(() => {
    folder = temporaryFolder();
    symlinkSync(pathOf('git'), join(folder, 'git'));
    printed = '';
    const keep = (text: string | Uint8Array): boolean => {
      printed += String(text);
      return true;
    };
    jest.spyOn(process.stdout, 'write').mockImplementation(keep);
    jest.spyOn(process.stderr, 'write').mockImplementation(keep);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    removeFolder(folder);
  });

  /** A scanner that prints a text and ends with a code. */
  const place = (name: string, says: string, code = 0): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\nprintf '%s' '${says}'\nexit ${code}\n`, { mode: 0o755 });
  const run = () => ({ env: { PATH: folder, HOME: folder }, signal: new AbortController().signal });

  it('names what is missing, and fails only when all were asked for', async () => {
    expect(await scan({}, run())).toBe(0);
    for (const name of ['checkov', 'actionlint', 'zizmor', 'shellcheck'])
      expect(printed).toContain(`| ${name} | not installed |`);
    await expect(scan({ all: true }, run())).rejects.toThrow(
      'not installed: checkov, actionlint, zizmor, shellcheck',
    );
  });

  it('fails with a finding that nobody accepted', async () => {
    const fault = { kind: 'expression', filepath: 'a.yml', line: 3, message: 'no' };
    place('actionlint', JSON.stringify([fault]), 1);
    expect(await scan({}, run())).toBe(1);
    expect(printed).toContain('actionlint expression at a.yml:3: no');
  });

  it.each([
    ['ends with a code of its own', '[]', 3],
    ['says no result', 'Traceback', 1],
  ])('fails when a scanner %s', async (_what, says, code) => {
    place('actionlint', says, code);
    await expect(scan({}, run())).rejects.toThrow(`actionlint failed (${code})`);
  });

  it('fails when checkov read nothing and ends well', async () => {
    const nothing = { results: { passed_checks: [], failed_checks: [] }, summary: { parsing_errors: 0 } };
    place('checkov', JSON.stringify(nothing));
    await expect(scan({}, run())).rejects.toThrow(
      /could not read every stack: default.azure, default.kubernetes, everything.aks, everything.azure, everything.kubernetes-ha, everything.kubernetes, private.aks, private.azure, private.kubernetes$/,
    );
  });

  withProgram('shellcheck')('finds nothing open in the shell scripts by the real shellcheck', async () => {
    symlinkSync(pathOf('shellcheck'), join(folder, 'shellcheck'));
    expect([await scan({}, run()), printed]).toEqual([
      0,
      expect.stringContaining('shellcheck: 0 findings, 2 accepted'),
    ]);
  });
});

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { cleanEnvironment } from '../testing/command-line';

const ROOT = join(__dirname, '..', '..');

function byHand(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'by-hand.ts'), ...args],
    {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...cleanEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  return { status, stderr };
}

describe('npm run deploy and npm run destroy', () => {
  it.each([
    [['deploy', 'azure'], 'nobody can be asked, because standard input is not a terminal; read the plan'],
    [['destroy', 'azure'], 'not a terminal; add --confirm'],
    [['deploy', '--yes'], 'name the stacks, for example "npm run deploy -- azure"'],
    [['destroy', '--confirm', 'tsdb-dev'], 'name the stacks'],
  ])('%j fails before anything is done', (args, reason) =>
    expect(byHand(args)).toEqual({ status: 1, stderr: expect.stringContaining(reason) }),
  );
});

// `npm run exit:cdktn` moves this repository from the archived cdktf to its community fork cdktn. docs/supply-chain.md says what
// was tried, and what is different afterwards.
//   In:  a checkout without changes
//   Out: package.json with its lock, and the files that start the command line. The sources and the providers still import
//        `cdktf`, a name under which npm installs the fork. This folder is gone. Nothing is committed.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RefusedError } from '../../db/core/errors';
import { note } from '../output';
import { runner } from '../run-to-exit';

const ROOT = join(__dirname, '..', '..');

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

const COMMAND_LINE = `'.bin', 'cdktf'`;

/** The files of a checkout that start the command line of cdktf, besides the npm scripts. */
export function filesThatStartIt(root: string): readonly string[] {
  return git(root, 'ls-files', '--', '*.ts', ':!scripts/exit')
    .split('\n')
    .filter((path) => path !== '' && readFileSync(join(root, path), 'utf8').includes(COMMAND_LINE));
}

/**
 * Changes the files of a checkout.
 * @throws RefusedError when the checkout has changes, because nobody could tell them from those of the move.
 */
export function moveToCdktn(root: string): void {
  if (git(root, 'status', '--porcelain') !== '')
    throw new RefusedError(
      'the checkout has changes; commit or remove them, so that "git restore ." can undo the move',
    );
  const change = (path: string, by: (text: string) => string): void =>
    writeFileSync(join(root, path), by(readFileSync(join(root, path), 'utf8')));
  change('package.json', (text) => `${JSON.stringify(movedPackage(JSON.parse(text)), null, 2)}\n`);
  for (const path of filesThatStartIt(root))
    change(path, (text) => text.replaceAll(COMMAND_LINE, `'.bin', 'cdktn'`));
  rmSync(join(root, 'scripts', 'exit'), { recursive: true });
}

function movedPackage(from: Package): Package {
  const { 'exit:cdktn': _, ...scripts } = from.scripts;
  const { 'cdktf-cli': __, cdktn: version = '', ...packages } = from.devDependencies;
  const { '@cdktf/node-pty-prebuilt-multiarch': ___, ...allowScripts } = from.allowScripts;
  const moved = { ...packages, cdktf: `npm:cdktn@${version}`, 'cdktn-cli': version };
  return {
    ...from,
    scripts: Object.fromEntries(
      Object.entries(scripts).map(([name, text]) => [name, text.replace(/^cdktf /, 'cdktn ')]),
    ),
    devDependencies: Object.fromEntries(Object.entries(moved).sort(([a], [b]) => (a < b ? -1 : 1))),
    // The providers ask for cdktf 0.21.
    overrides: { ...from.overrides, cdktf: '$cdktf' },
    allowScripts,
  };
}

function git(root: string, ...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' });
}

if (require.main === module)
  void runner.toEnd(async () => {
    moveToCdktn(ROOT);
    execFileSync('npm', ['install'], { cwd: ROOT, stdio: 'inherit' });
    note('moved to cdktn; run "npm run check" and "npm test", or undo it with "git restore . && npm ci"');
    return 0;
  });

// For tests: a checkout with the launcher, a program of two modules and two packages, to start and to change.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '../../../db/local/testing/places';

const START = join(__dirname, '..');
const LAUNCHER = ['--require', './scripts/start/register.cjs'];

/** What a run of the program said. `bundled` is undefined when it did not come to its first line. */
export interface Run {
  readonly status: number | null;
  readonly said: string;
  readonly stderr: string;
  readonly bundled: boolean | undefined;
}

export interface SmallCheckout {
  readonly root: string;
  readonly store: string;
  write(path: string, content: string): void;
  /** Names in the store; empty when there is none. */
  stored(): readonly string[];
  /** The scripts in the store, and when they were written: changes with each build. */
  built(): readonly string[];
  run(args?: readonly string[], options?: { uid?: number; gid?: number; node?: readonly string[] }): Run;
  /** Runs it beside other things. */
  start(args?: readonly string[]): Promise<Run>;
}

const PROGRAM = `import { name } from 'greeted';
import { greeting } from './words/greeting';
interface Words { readonly greeting: string }
const words: Words = { greeting };
if (require.main === module) {
  const loaded = Object.keys(require.cache).some((file) => file.endsWith('greeting.ts'));
  process.stdout.write(\`\${loaded ? 'sources' : 'bundle'}\\n\${words.greeting} \${name()}\`);
  if (process.argv[2] === 'throw') throw new RangeError('too far');
  if (process.argv[2] === 'exit') process.exitCode = Number(process.argv[3]);
  if (process.argv[2] === 'wait') setInterval(() => undefined, 1_000);
  if (process.argv[2] === 'self')
    process.stdout.write(\` \${JSON.stringify([process.argv.slice(1), process.execArgv, __filename, __dirname])}\`);
}
`;

/** Makes the checkout in a temporary folder that every user may read. */
export function smallCheckout(): SmallCheckout {
  const root = join(realpathSync(temporaryFolder()), 'checkout');
  chmodSync(dirname(root), 0o755);
  const store = join(root, 'node_modules', '.cache', `tsdb-start-${process.geteuid?.()}`);
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  write('package.json', '{"name":"small","private":true}');
  write('node_modules/greeted/package.json', '{"name":"greeted","main":"one.js"}');
  write(
    'node_modules/greeted/one.js',
    `const { title } = require('titled');\nexports.name = () => title + 'World';\n`,
  );
  write('node_modules/greeted/two.js', `exports.name = () => 'Moon';\n`);
  write('node_modules/titled/index.js', `exports.title = '';\n`);
  write('words/greeting.ts', `export const greeting: string = 'Hello';\n`);
  write('program.ts', PROGRAM);
  for (const name of ['esbuild', 'tsx'])
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(root, 'node_modules', name));
  mkdirSync(join(root, 'scripts', 'start'), { recursive: true });
  for (const name of readdirSync(START).filter((file) => file.endsWith('.cjs')))
    cpSync(join(START, name), join(root, 'scripts', 'start', name));

  const stored = () => (existsSync(store) ? readdirSync(store).sort() : []);
  const runOf = (status: number | null, stdout: string, stderr: string): Run => {
    const [first, ...said] = stdout.split('\n');
    const bundled = first === 'bundle' ? true : first === 'sources' ? false : undefined;
    return { status, said: said.join('\n'), stderr, bundled };
  };
  return {
    root,
    store,
    write,
    stored,
    built: () =>
      stored()
        .filter((name) => name.endsWith('.js'))
        .map((name) => `${name} ${statSync(join(store, name), { bigint: true }).mtimeNs}`),
    run: (args = [], { node = [], ...user } = {}) => {
      const all = [...node, ...LAUNCHER, 'program.ts', ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, all, {
        cwd: root,
        encoding: 'utf8',
        ...user,
      });
      return runOf(status, stdout, stderr);
    },
    start: (args = []) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [...LAUNCHER, 'program.ts', ...args], { cwd: root });
        const told = { stdout: '', stderr: '' };
        child.stdout.setEncoding('utf8').on('data', (text: string) => (told.stdout += text));
        child.stderr.setEncoding('utf8').on('data', (text: string) => (told.stderr += text));
        child.once('error', reject);
        child.once('close', (status) => resolve(runOf(status, told.stdout, told.stderr)));
      }),
  };
}

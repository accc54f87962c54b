// A program starts from its stored bundle, which is never one of other sources.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeFolder } from '../../db/local/testing/places';
import { type SmallCheckout, smallCheckout } from './testing/small-checkout';

const isRoot = process.geteuid?.() === 0;

let checkout: SmallCheckout;
beforeEach(() => {
  checkout = smallCheckout();
});
afterEach(() => removeFolder(dirname(checkout.root)));

const bundled = (said: string) => ({ status: 0, said, stderr: '', bundled: true });
const fromSources = (said: string) => ({ ...bundled(said), bundled: false });

describe('a program', () => {
  it('is built at its first start, and starts from its bundle afterwards', () => {
    expect(checkout.run()).toEqual(bundled('Hello World'));
    const built = checkout.built();
    expect(built).toHaveLength(2);
    // The compiled code is there from the second start on, and what is stored is for this user alone.
    expect(checkout.stored().filter((name) => name.endsWith('.code'))).toHaveLength(2);
    for (let start = 0; start < 3; start += 1) expect(checkout.run()).toEqual(bundled('Hello World'));
    expect(checkout.built()).toEqual(built);
    expect(checkout.stored().some((name) => name.endsWith('.draft'))).toBe(false);
    expect(statSync(checkout.store).mode & 0o777).toBe(0o700);
  });

  it('is what Node would run: arguments, names, exit codes and signals', async () => {
    checkout.run();
    const { said } = checkout.run(['self']);
    expect(JSON.parse(said.slice('Hello World '.length))).toEqual([
      [join(checkout.root, 'program.ts'), 'self'],
      ['--require', './scripts/start/register.cjs'],
      join(checkout.root, 'program.ts'),
      checkout.root,
    ]);
    expect(checkout.run(['exit', '3'])).toEqual({ ...bundled('Hello World'), status: 3 });
    const launcher = ['--require', './scripts/start/register.cjs', 'program.ts', 'wait'];
    const child = spawn(process.execPath, launcher, {
      cwd: checkout.root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
  });

  it('knows the places of its modules and packages, which may start themselves as programs', () => {
    checkout.write(
      'node_modules/greeted/one.js',
      `exports.name = () => require('node:child_process').execFileSync(process.execPath, [__filename], { encoding: 'utf8' });
if (require.main === module) process.stdout.write('Moon');\n`,
    );
    checkout.write('words/greeting.ts', 'export const greeting = [__filename, __dirname].join();\n');
    const words = join(checkout.root, 'words');
    for (let start = 0; start < 2; start += 1)
      expect(checkout.run()).toEqual(bundled(`${join(words, 'greeting.ts')},${words} Moon`));
  });

  it('names TypeScript files and lines in stack traces, as from its sources', () => {
    checkout.write(
      'words/greeting.ts',
      `interface Odd {\n  readonly word: string;\n}\n\nfunction fail(odd: Odd): never {\n  throw new TypeError(odd.word);\n}\n` +
        `export const greeting = ((): string => {\n  try {\n    return fail({ word: 'no' });\n  } catch (error) {\n` +
        `    return String((error as Error).stack).split('\\n').slice(0, 3).join('|');\n  }\n})();\n`,
    );
    const place = join(checkout.root, 'words/greeting.ts');
    for (let start = 0; start < 2; start += 1) {
      const { said, stderr, status, bundled } = checkout.run(['throw']);
      expect(said).toContain(`TypeError: no|    at fail (${place}:6:9)|    at `);
      expect(said).toContain(`${place}:10:12`);
      expect(stderr).toMatch(/RangeError: too far\n {4}at .*checkout\/program\.ts:8:\d+\)?\n/);
      expect({ status, bundled }).toEqual({ status: 1, bundled: true });
    }
  });

  it('runs from its sources in a debugger, which shows these', () => {
    checkout.run();
    const { bundled, said } = checkout.run([], { node: ['--inspect=127.0.0.1:0'] });
    expect({ bundled, said }).toEqual({ bundled: false, said: 'Hello World' });
  });

  it('says what is wrong with its sources, and starts again when that is repaired', () => {
    checkout.run();
    checkout.write('words/greeting.ts', 'export const greeting = ;\n');
    const { status, stderr } = checkout.run();
    expect(status).toBe(1);
    expect(stderr).toContain('words/greeting.ts:1:24');
    checkout.write('words/greeting.ts', `export const greeting = 'Hi';\n`);
    expect(checkout.run()).toEqual(bundled('Hi World'));
  });
});

describe('a change is seen by the next start', () => {
  beforeEach(() => void checkout.run());

  it.each(['words/greeting.ts', 'program.ts'])('of %s, also with the same size and time', (path) => {
    const file = join(checkout.root, path);
    const { atime, mtime } = statSync(file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('Hello', 'Adieu'));
    if (path === 'program.ts')
      writeFileSync(file, readFileSync(file, 'utf8').replace('.greeting} ${', '.greeting}-${'));
    utimesSync(file, atime, mtime);
    expect(checkout.run()).toEqual(bundled(path === 'program.ts' ? 'Hello-World' : 'Adieu World'));
  });

  it('made again and again, faster than a clock of a file system ticks', () => {
    for (const word of ['Aaaaa', 'Bbbbb', 'Ccccc', 'Aaaaa']) {
      checkout.write('words/greeting.ts', `export const greeting: string = '${word}';\n`);
      expect(checkout.run()).toEqual(bundled(`${word} World`));
    }
  });

  it('of the packages: a file, a manifest, a package in the place of another', () => {
    checkout.write('node_modules/titled/index.js', `exports.title = 'Dr ';\n`);
    expect(checkout.run()).toEqual(bundled('Hello Dr World'));
    checkout.write('node_modules/greeted/node_modules/titled/index.js', `exports.title = 'St ';\n`);
    expect(checkout.run()).toEqual(bundled('Hello St World'));
    checkout.write('node_modules/greeted/package.json', '{"name":"greeted","main":"two.js"}');
    expect(checkout.run()).toEqual(bundled('Hello Moon'));
    rmSync(join(checkout.root, 'node_modules/greeted'), { recursive: true });
    checkout.write('elsewhere/index.js', `exports.name = () => 'Mars';\n`);
    checkout.write('farther/index.js', `exports.name = () => 'Pluto';\n`);
    const link = join(checkout.root, 'node_modules/greeted');
    symlinkSync('../elsewhere', link);
    expect(checkout.run()).toEqual(bundled('Hello Mars'));
    rmSync(link);
    symlinkSync('../farther', link);
    expect(checkout.run()).toEqual(bundled('Hello Pluto'));
  });

  it('of what an import means: a file before another, a folder in the place of another', () => {
    checkout.write('words/greeting/index.ts', `export const greeting = 'Folder';\n`);
    expect(checkout.run()).toEqual(bundled('Hello World'));
    renameSync(join(checkout.root, 'words/greeting.ts'), join(checkout.root, 'words/kept.ts'));
    expect(checkout.run()).toEqual(bundled('Folder World'));
    checkout.write('words/greeting.js', `exports.greeting = 'Script';\n`);
    expect(checkout.run()).toEqual(bundled('Script World'));
    renameSync(join(checkout.root, 'words/kept.ts'), join(checkout.root, 'words/greeting.ts'));
    expect(checkout.run()).toEqual(bundled('Hello World'));
  });

  it('of files that were only touched, without another build', () => {
    const built = checkout.built();
    const now = new Date();
    for (const path of ['program.ts', 'words/greeting.ts', 'node_modules/titled/index.js'])
      utimesSync(join(checkout.root, path), now, now);
    checkout.write('notes.txt', 'not imported');
    for (let start = 0; start < 2; start += 1) expect(checkout.run()).toEqual(bundled('Hello World'));
    expect(checkout.built()).toEqual(built);
  });

  it('builds the packages again only when they are others', () => {
    const packages = () => checkout.built().filter((name) => name.includes('-packages-'));
    const before = packages();
    checkout.write('words/greeting.ts', `export const greeting = 'Hi';\n`);
    expect(checkout.run()).toEqual(bundled('Hi World'));
    expect(packages()).toEqual(before);
    expect(checkout.built()).toHaveLength(2);
  });
});

describe('the store', () => {
  it('never holds half a bundle, whenever a build is killed', async () => {
    for (let after = 10; after < 400; after += 60) {
      checkout.write('words/greeting.ts', `export const greeting = 'after ${after}';\n`);
      const builder = spawn(
        process.execPath,
        ['scripts/start/build.cjs', join(checkout.root, 'program.ts')],
        {
          cwd: checkout.root,
          stdio: 'ignore',
        },
      );
      const gone = once(builder, 'exit');
      await sleep(after);
      builder.kill('SIGKILL');
      await gone;
      expect(checkout.run()).toEqual(bundled(`after ${after} World`));
    }
  });

  it('serves starts that build at the same time', async () => {
    const starts = [0, 1, 2, 3].map(() => checkout.start());
    for (const run of await Promise.all(starts))
      expect(run).toMatchObject({ status: 0, said: 'Hello World' });
    const built = checkout.built();
    expect(checkout.run()).toEqual(bundled('Hello World'));
    expect(checkout.built()).toEqual(built);
  });

  it('is made again where it is damaged', () => {
    checkout.run();
    for (const name of checkout.stored().filter((file) => file.endsWith('.code')))
      writeFileSync(join(checkout.store, name), 'no code');
    expect(checkout.run()).toEqual(bundled('Hello World'));
    for (const name of checkout.stored().filter((file) => file.endsWith('.code')))
      expect(statSync(join(checkout.store, name)).size).toBeGreaterThan(100);
    for (const manifest of ['{"own":', '{"own":{},"names":["greeted"]}', '[]'])
      for (const name of checkout.stored().filter((file) => file.endsWith('.json'))) {
        writeFileSync(join(checkout.store, name), manifest);
        expect(checkout.run()).toEqual(bundled('Hello World'));
      }
    for (const name of checkout.stored().filter((file) => file.endsWith('.js')))
      rmSync(join(checkout.store, name));
    expect(checkout.run()).toEqual(bundled('Hello World'));
  });

  it('is left alone where nothing can be written', () => {
    const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    if (!isRoot) chmodSync(join(checkout.root, 'node_modules'), 0o555);
    expect(checkout.run([], nobody)).toEqual(fromSources('Hello World'));
    chmodSync(join(checkout.root, 'node_modules'), 0o755);
    // Nor are the bundles of somebody else used.
    checkout.run();
    if (isRoot) expect(checkout.run([], nobody)).toEqual(fromSources('Hello World'));
  });

  it('is not trusted when others can write to it, or can put another in its place', () => {
    checkout.run();
    for (const name of checkout.stored().filter((file) => file.endsWith('.js')))
      writeFileSync(join(checkout.store, name), '(() => { throw new Error("foreign code ran"); })');
    for (const [path, mode] of [
      ['', 0o770],
      ['', 0o702],
      ['..', 0o757],
      ['..', 0o775],
      ['../..', 0o757],
    ] as const) {
      const folder = join(checkout.store, path);
      const before = statSync(folder).mode;
      chmodSync(folder, mode);
      expect({ path, ...checkout.run() }).toEqual({ path, ...fromSources('Hello World') });
      chmodSync(folder, before);
    }
    expect(checkout.run().stderr).toContain('foreign code ran');
  });

  it('is trusted when nobody can write to it but who can change the packages', () => {
    for (const path of ['node_modules', 'node_modules/.cache']) {
      mkdirSync(join(checkout.root, path), { recursive: true });
      chmodSync(join(checkout.root, path), 0o775);
    }
    expect(checkout.run()).toEqual(bundled('Hello World'));
  });

  it('is not followed to another place', () => {
    const other = join(dirname(checkout.root), 'other');
    mkdirSync(other, { mode: 0o700 });
    mkdirSync(dirname(checkout.store));
    symlinkSync(other, checkout.store);
    expect(checkout.run()).toEqual(fromSources('Hello World'));
    rmSync(checkout.store);
    expect(checkout.run()).toEqual(bundled('Hello World'));
    expect(lstatSync(checkout.store).isDirectory()).toBe(true);
  });

  it('keeps nothing of earlier builds', () => {
    for (const word of ['one', 'two', 'three']) {
      checkout.write('words/greeting.ts', `export const greeting = '${word}';\n`);
      checkout.run();
    }
    const kinds = checkout
      .stored()
      .map((name) => name.replace(/^.*?-(own|packages)-.{16}|^.*(?=\.json$)/, '$1'));
    expect(kinds).toEqual([
      'own.js',
      'own.js.code',
      'own.js.map',
      'packages.js',
      'packages.js.code',
      '.json',
    ]);
  });
});

it('has no build that outlives its start', () => {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'args='], { encoding: 'utf8' });
  expect(stdout).not.toContain(checkout.root);
});

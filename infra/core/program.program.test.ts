import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtProgram } from './program';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tsdb-program-'));
  for (const folder of ['api', 'db', 'scripts', 'node_modules']) mkdirSync(join(root, folder));
  symlinkSync(dirname(require.resolve('tsx/package.json')), join(root, 'node_modules', 'tsx'));
  for (const file of ['package.json', 'package-lock.json', 'LICENSE']) writeFileSync(join(root, file), '{}');
  writeFileSync(join(root, 'db', 'model.ts'), 'one');
  build("writeFileSync(join(process.argv[2] ?? '', 'tsdb.js'), 'built');");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function build(code: string): void {
  writeFileSync(
    join(root, 'scripts', 'bundle.ts'),
    `import { appendFileSync, writeFileSync } from 'node:fs';\nimport { join } from 'node:path';\n` +
      `appendFileSync('builds', 'x');\n${code}\n`,
  );
}

const builds = () => readFileSync(join(root, 'builds'), 'utf8').length;

describe('builtProgram', () => {
  it('builds once, and again when a source has changed', () => {
    const first = builtProgram(root);
    expect(readFileSync(join(first, 'tsdb.js'), 'utf8')).toBe('built');
    expect(builtProgram(root)).toBe(first);
    writeFileSync(join(root, 'db', 'model.test.ts'), 'a test');
    expect(builtProgram(root)).toBe(first);
    expect(builds()).toBe(1);
    appendFileSync(join(root, 'db', 'model.ts'), 'two');
    const second = builtProgram(root);
    expect(second).not.toBe(first);
    expect([existsSync(first), existsSync(second), builds()]).toEqual([false, true, 2]);
  });

  it('keeps nothing of a build that fails', () => {
    build('process.exit(1);');
    expect(() => builtProgram(root)).toThrow('npm run build');
    expect(() => builtProgram(root)).toThrow('npm run build');
    expect(builds()).toBe(2);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TarFile, tar } from './tar';

const file = (path: string, content = path, mode: TarFile['mode'] = 0o644): TarFile => ({
  path,
  mode,
  content: Buffer.from(content),
});

const LONG = `${'folder/'.repeat(20)}${'n'.repeat(90)}`;

describe('tar', () => {
  it('is unpacked by the system as it was packed, long paths and full blocks included', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tsdb-tar-'));
    try {
      const files = [
        file('run.sh', '#!', 0o755),
        file('empty', ''),
        file('block', 'x'.repeat(512)),
        file(LONG),
      ];
      const { status, stderr } = spawnSync('tar', ['-x', '-f', '-', '-C', folder], {
        input: tar(files),
        encoding: 'utf8',
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const { path, content, mode } of files) {
        expect(readFileSync(join(folder, path))).toEqual(content);
        expect(statSync(join(folder, path)).mode & 0o777).toBe(mode);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('does not depend on the order of its files', () => {
    expect(tar([file('a'), file('b')])).toEqual(tar([file('b'), file('a')]));
    expect(tar([file('a')])).not.toEqual(tar([file('a', 'a', 0o755)]));
  });

  it.each([
    ['a path that leaves the folder', [file('a/../../b')]],
    ['an absolute path', [file('/a')]],
    ['a path twice', [file('a'), file('a', 'other')]],
    ['a path that is too long', [file('n'.repeat(101))]],
  ])('refuses %s', (_what, files) => {
    expect(() => tar(files)).toThrow(RangeError);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashSources } from './source-hash';

const SOURCES = { 'a.ts': 'one', 'schema/b.ts': 'two' };

function hashOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-hash-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return hashSources(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('hashSources', () => {
  it('depends on neither the place nor the order of creation', () => {
    expect(hashOf(SOURCES)).toBe(hashOf({ 'schema/b.ts': 'two', 'a.ts': 'one' }));
  });

  it.each([
    ['an edit', { 'a.ts': 'ONE', 'schema/b.ts': 'two' }],
    ['a rename', { 'c.ts': 'one', 'schema/b.ts': 'two' }],
    ['a move', { 'a.ts': 'one', 'b.ts': 'two' }],
    ['a new file', { ...SOURCES, 'c.ts': '' }],
    ['a removal', { 'a.ts': 'one' }],
    ['text moved across files', { 'a.ts': 'onet', 'schema/b.ts': 'wo' }],
  ])('changes with %s', (_what, files) => {
    expect(hashOf(files as unknown as Record<string, string>)).not.toBe(hashOf(SOURCES));
  });

  it.each(['a.test.ts', 'schema/a.db.test.ts', 'testing/x.ts', 'schema/fixtures/x.ts', 'README.md'])(
    'ignores %s',
    (path) => {
      expect(hashOf({ ...SOURCES, [path]: 'x' })).toBe(hashOf(SOURCES));
    },
  );
});

import { lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeLinks } from './embedded-package';
import { removeFolder, temporaryFolder } from './testing/places';

describe('completeLinks', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder, 'native', 'lib'), { recursive: true });
    writeFileSync(join(folder, 'native', 'lib', 'libpq.so.5.18'), 'library');
    const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
      source: 'native/lib/libpq.so.5.18',
      target: `native/lib/${name}`,
    }));
    writeFileSync(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  });
  afterEach(() => removeFolder(folder));

  it('makes the links that an install without scripts left out, relative so that the folder can be copied', () => {
    completeLinks(folder);
    expect(readlinkSync(join(folder, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(readFileSync(join(folder, 'native', 'lib', 'libpq.so'), 'utf8')).toBe('library');
  });

  it('leaves what is there', () => {
    writeFileSync(join(folder, 'native', 'lib', 'libpq.so'), 'a file');
    completeLinks(folder);
    completeLinks(folder);
    expect(lstatSync(join(folder, 'native', 'lib', 'libpq.so')).isSymbolicLink()).toBe(false);
  });
});

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  embeddedBinaries,
  findCitusBinaries,
  findTimescaleBinaries,
  majorOf,
  parseVersion,
} from './binaries';
import { LocalServerError } from './errors';
import { removeFolder, temporaryFolder } from './testing/places';

let root: string;
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => removeFolder(root));

/** An installation made of shell scripts; returns its bin folder. */
function installation(
  prefix: string,
  version: string,
  libraries: string[],
  programs = ['initdb', 'pg_ctl'],
): string {
  const bin = join(root, prefix, 'bin');
  const lib = join(root, prefix, 'lib');
  mkdirSync(bin, { recursive: true });
  mkdirSync(lib, { recursive: true });
  script(join(bin, 'postgres'), `echo "postgres (PostgreSQL) ${version}"`);
  for (const name of programs) script(join(bin, name), 'exit 0');
  for (const name of libraries) writeFileSync(join(lib, name), '');
  return bin;
}

function script(file: string, body: string): void {
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

const COMMUNITY = ['timescaledb.so', 'timescaledb-2.29.2.so', 'timescaledb-tsl-2.29.2.so'];
const APACHE = ['timescaledb.so', 'timescaledb-2.29.2.so'];

describe('findTimescaleBinaries', () => {
  const search = (env = {}): ReturnType<typeof findTimescaleBinaries> =>
    findTimescaleBinaries({ PATH: join(root, 'path'), ...env }, [
      join(root, 'pg', '*', 'bin'),
      join(root, 'pgsql-*', 'bin'),
    ]);

  it('takes the newest major that has the Community library', () => {
    installation('pg/9', '9.6', COMMUNITY);
    const chosen = installation('pg/17', '17.11 (Debian 17.11-1)', COMMUNITY);
    installation('pg/18', '18.1', APACHE);
    installation('pg/19', '19.0', []);
    installation('pg/old', '20.0', COMMUNITY);
    expect(search()).toEqual({
      binDir: chosen,
      flavour: 'timescaledb',
      version: '17.11',
      origin: 'installed',
    });
  });

  it('passes over an installation that lacks a server program', () => {
    installation('pgsql-17', '17.1', COMMUNITY, ['initdb']);
    expect(search()).toBeUndefined();
  });

  it('finds modules in lib/postgresql, and those of macOS', () => {
    const bin = installation('pgsql-17', '17.1', []);
    mkdirSync(join(root, 'pgsql-17', 'lib', 'postgresql'));
    for (const name of ['timescaledb.dylib', 'timescaledb-tsl-2.29.2.dylib']) {
      writeFileSync(join(root, 'pgsql-17', 'lib', 'postgresql', name), '');
    }
    expect(search()?.binDir).toBe(bin);
  });

  it('prefers pg_config on PATH to the usual folders, and believes its library folder', () => {
    installation('pg/18', '18.1', COMMUNITY);
    const own = installation('own', '16.3', []);
    mkdirSync(join(root, 'modules'));
    for (const name of COMMUNITY) writeFileSync(join(root, 'modules', name), '');
    script(
      join(own, 'pg_config'),
      `case $1 in --bindir) echo ${own};; --pkglibdir) echo ${root}/modules;; esac`,
    );
    expect(search({ PATH: own })).toMatchObject({ binDir: own, version: '16.3' });
  });

  it('takes TSDB_PG_BIN first, and refuses one that is wrong', () => {
    installation('pg/18', '18.1', COMMUNITY);
    const asked = installation('asked', '17.2', COMMUNITY);
    expect(search({ TSDB_PG_BIN: asked })).toMatchObject({ binDir: asked, origin: 'TSDB_PG_BIN' });
    const apache = installation('apache', '17.2', APACHE);
    expect(() => search({ TSDB_PG_BIN: apache })).toThrow(
      `TSDB_PG_BIN=${apache} has no TimescaleDB Community (timescaledb-tsl) library beside it; set it to`,
    );
    expect(() => search({ TSDB_PG_BIN: join(root, 'no') })).toThrow(/has no executable postgres/);
    expect(() => search({ TSDB_PG_BIN: join(root, 'no') })).toThrow(LocalServerError);
  });

  it('takes an empty TSDB_PG_BIN for an unset one', () => {
    expect(search({ TSDB_PG_BIN: '' })).toBeUndefined();
  });
});

describe('findCitusBinaries', () => {
  const search = (env = {}): ReturnType<typeof findCitusBinaries> =>
    findCitusBinaries({ PATH: join(root, 'path'), ...env });

  it('takes TSDB_CITUS_BIN, refuses one that is wrong, and looks nowhere else', () => {
    installation('pg/17', '17.2', ['citus.so']);
    const asked = installation('asked', '18.6', ['citus.so']);
    const none = installation('none', '18.6', COMMUNITY);
    expect(search({ TSDB_CITUS_BIN: asked })).toMatchObject({ binDir: asked, origin: 'TSDB_CITUS_BIN' });
    expect(search({ TSDB_PG_BIN: asked })).toBeUndefined();
    expect(() => search({ TSDB_CITUS_BIN: none })).toThrow(
      `TSDB_CITUS_BIN=${none} has no citus library beside it; set it to the bin folder of a PostgreSQL with Citus, or unset it`,
    );
  });
});

describe('embeddedBinaries', () => {
  it('finds the installed platform package', () => {
    const found = embeddedBinaries();
    expect(found).toMatchObject({ flavour: 'postgres', origin: 'embedded' });
    expect(majorOf(found)).toBeGreaterThanOrEqual(15);
  });
});

describe('parseVersion', () => {
  it.each([
    ['postgres (PostgreSQL) 17.11', '17.11'],
    ['postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n', '15.20'],
    ['postgres (PostgreSQL) 19beta1', '19beta1'],
    ['command not found', undefined],
  ])('reads %j as %s', (output, version) => expect(parseVersion(output)).toBe(version));
});

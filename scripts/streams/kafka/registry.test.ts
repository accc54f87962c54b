import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../db/core/settings';
import { readRegistry } from './registry';

const folder = mkdtempSync(join(tmpdir(), 'tsdb-registry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read(env: Environment) {
  const faults: string[] = [];
  return { registry: readRegistry(env, faults), faults };
}

const url = { TSDB_SCHEMA_REGISTRY: 'https://registry:8081' };

describe('settings of the schema registry', () => {
  it('may be absent, or have an address only', () => {
    expect(read({})).toEqual({ registry: undefined, faults: [] });
    expect(read(url)).toEqual({ registry: { url: 'https://registry:8081' }, faults: [] });
  });

  it('read the password anew each time where it is in a file', () => {
    const file = join(folder, 'password');
    writeFileSync(file, 'one\n');
    const { registry, faults } = read({
      ...url,
      TSDB_SCHEMA_REGISTRY_USERNAME: 'u',
      TSDB_SCHEMA_REGISTRY_PASSWORD_FILE: file,
    });
    expect(faults).toEqual([]);
    expect(registry?.login?.password()).toBe('one');
    writeFileSync(file, 'two\n');
    expect(registry?.login?.password()).toBe('two');
  });

  it.each<[string, Environment, RegExp]>([
    ['what is no address', { TSDB_SCHEMA_REGISTRY: 'registry:8081' }, /must be an address such as/],
    ['a login in the address', { TSDB_SCHEMA_REGISTRY: 'https://u:sesame@r' }, /must not contain a login/],
    [
      'a login over http',
      {
        TSDB_SCHEMA_REGISTRY: 'http://r',
        TSDB_SCHEMA_REGISTRY_USERNAME: 'u',
        TSDB_SCHEMA_REGISTRY_PASSWORD: 'sesame',
      },
      /must begin with https/,
    ],
    [
      'a password without its user',
      { ...url, TSDB_SCHEMA_REGISTRY_PASSWORD: 'sesame' },
      /USERNAME is not set/,
    ],
    ['a user without a password', { ...url, TSDB_SCHEMA_REGISTRY_USERNAME: 'u' }, /and no password/],
    [
      'two passwords',
      {
        ...url,
        TSDB_SCHEMA_REGISTRY_USERNAME: 'u',
        TSDB_SCHEMA_REGISTRY_PASSWORD: 'sesame',
        TSDB_SCHEMA_REGISTRY_PASSWORD_FILE: __filename,
      },
      /are both set/,
    ],
    [
      'a file that is not there',
      {
        ...url,
        TSDB_SCHEMA_REGISTRY_USERNAME: 'u',
        TSDB_SCHEMA_REGISTRY_PASSWORD_FILE: join(folder, 'none'),
      },
      /cannot be read/,
    ],
    [
      'a login without a registry',
      { TSDB_SCHEMA_REGISTRY_USERNAME: 'u', TSDB_SCHEMA_REGISTRY_PASSWORD: 'sesame' },
      /TSDB_SCHEMA_REGISTRY is not set/,
    ],
  ])('refuse %s, and show no secret', (_, env, fault) => {
    const { faults } = read(env);
    expect(faults).toEqual([expect.stringMatching(fault)]);
    expect(faults.join()).not.toContain('sesame');
  });

  it('take http on this machine', () => {
    const login = { TSDB_SCHEMA_REGISTRY_USERNAME: 'u', TSDB_SCHEMA_REGISTRY_PASSWORD: 'p' };
    expect(read({ TSDB_SCHEMA_REGISTRY: 'http://127.0.0.1:8081', ...login }).faults).toEqual([]);
  });
});

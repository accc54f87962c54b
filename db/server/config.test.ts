import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readDbConfig } from './config';

describe('readDbConfig', () => {
  it('has defaults and names no database', () =>
    expect(readDbConfig({})).toEqual({ schemas: 'iot,service', lockWaitMs: 60_000, stepTimeoutMs: 900_000 }));

  it('takes DATABASE_URL before the parts', () =>
    expect(readDbConfig({ DATABASE_URL: 'postgres://a@b/c', PGHOST: 'other' }).connection).toEqual({
      connectionString: 'postgres://a@b/c',
    }));

  it('takes the parts, with the password from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tsdb-config-'));
    const file = join(folder, 'password');
    writeFileSync(file, 'secret with spaces \n');
    expect(readDbConfig({ PGHOST: 'db', PGUSER: 'writer', PGPASSWORD_FILE: file }).connection).toEqual({
      host: 'db',
      port: 5432,
      user: 'writer',
      database: 'tsdb',
      password: 'secret with spaces ',
      passwordFile: file,
    });
    rmSync(folder, { recursive: true });
  });

  it('names every fault at once and no password', () => {
    const read = (): unknown =>
      readDbConfig({
        PGHOST: 'db',
        PGPORT: '0',
        PGPASSWORD_FILE: '/nowhere',
        TSDB_LOCK_WAIT_MS: 'soon',
        PGPASSWORD: 'hunter2',
      });
    expect(read).toThrow(/TSDB_LOCK_WAIT_MS.*\n.*PGPORT.*\n.*PGPASSWORD_FILE/);
    expect(read).not.toThrow(/hunter2/);
  });
});

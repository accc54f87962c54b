import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../db/core/errors';
import { desiredFrom } from '../db/language/desired';
import { iot } from '../db/schema/iot';
import { service } from '../db/schema/service';
import { readConfig, settings } from './config';

const URL = 'postgres://reader:secret@db.example:5433/metrics';

function faultsOf(env: Record<string, string>, readFile?: (path: string) => string): string[] {
  try {
    readConfig(env, readFile);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('readConfig', () => {
  it('needs nothing but the address of the database', () => {
    expect(readConfig({ DATABASE_URL: URL })).toEqual({
      database: { connectionString: URL },
      desired: desiredFrom([iot, service]),
      host: '127.0.0.1',
      port: 5000,
      poolSize: 10,
      writePoolSize: 4,
      statementTimeoutMs: 10_000,
      maxRows: 100_000,
      maxBodyBytes: 16 * 1024 ** 2,
      ingestGroupRows: 1_000,
      deadLetterDays: 90,
      auth: 'off',
      rateLimit: 6_000,
      corsOrigins: [],
      trustedProxies: [],
      logLevel: 'info',
    });
  });

  it('takes every setting', () => {
    const config = readConfig({
      DATABASE_URL: URL,
      HOST: '0.0.0.0',
      PORT: '8080',
      TSDB_POOL_SIZE: '3',
      TSDB_STATEMENT_TIMEOUT_MS: '2500',
      TSDB_MAX_ROWS: '50',
      LOG_LEVEL: 'warn',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      poolSize: 3,
      statementTimeoutMs: 2_500,
      maxRows: 50,
      logLevel: 'warn',
    });
  });

  it.each([
    ['auto', '127.0.0.1', 'off'],
    ['auto', 'localhost', 'off'],
    ['auto', '::1', 'off'],
    ['auto', '0.0.0.0', 'keys'],
    ['auto', '127.0.0.1.example', 'keys'],
    ['', '10.0.0.5', 'keys'],
    ['off', '0.0.0.0', 'off'],
    ['keys', '127.0.0.1', 'keys'],
  ])('takes TSDB_API_AUTH=%s on %s as %s', (mode, HOST, auth) => {
    expect(readConfig({ DATABASE_URL: URL, TSDB_API_AUTH: mode, HOST }).auth).toBe(auth);
  });

  it('takes lists', () => {
    const config = readConfig({
      DATABASE_URL: URL,
      TSDB_CORS_ORIGINS: 'https://a.example, http://b.example:8080',
      TSDB_TRUSTED_PROXIES: '10.0.0.0/8, ::1,192.0.2.7',
      TSDB_READ_ROLE: 'tsdb_reader',
    });
    expect(config).toMatchObject({
      corsOrigins: ['https://a.example', 'http://b.example:8080'],
      trustedProxies: ['10.0.0.0/8', '::1', '192.0.2.7'],
      readRole: 'tsdb_reader',
    });
    expect(config).not.toHaveProperty('writeRole');
  });

  it('refuses lists and words that are none, with the way out', () => {
    const faults = faultsOf({
      DATABASE_URL: URL,
      TSDB_API_AUTH: 'yes',
      TSDB_CORS_ORIGINS: 'a.example,https://b.example/path',
      TSDB_TRUSTED_PROXIES: '10.0.0.0/33,::1/129,proxy',
      TSDB_SCHEMAS: 'iot,nope',
    });
    expect(faults).toEqual([
      expect.stringContaining('unknown set nope'),
      'TSDB_API_AUTH must be one of auto, off, keys, got "yes"',
      expect.stringContaining('"a.example" is not an origin'),
      expect.stringContaining('"https://b.example/path" is not an origin'),
      expect.stringContaining('"10.0.0.0/33" is neither an address nor a network'),
      expect.stringContaining('"::1/129"'),
      expect.stringContaining('"proxy"'),
    ]);
  });

  it('takes the address in parts', () => {
    expect(readConfig({ PGHOST: 'db', PGUSER: 'reader', PGPASSWORD: 'secret' }).database).toEqual({
      host: 'db',
      port: 5432,
      user: 'reader',
      database: 'tsdb',
      password: 'secret',
    });
  });

  it('reads the password from a file without its line break', () => {
    const { database } = readConfig({ PGHOST: 'db', PGPASSWORD_FILE: '/run/password' }, () => ' se cret \n');
    expect(database).toMatchObject({ password: ' se cret ' });
  });

  it('prefers the URL to the parts', () => {
    expect(readConfig({ DATABASE_URL: URL, PGHOST: 'other' }).database).toEqual({ connectionString: URL });
  });

  it('treats empty values as not set', () => {
    expect(readConfig({ DATABASE_URL: URL, PORT: '', LOG_LEVEL: '' })).toMatchObject({
      port: 5000,
      logLevel: 'info',
    });
  });

  it('cannot be changed afterwards', () => {
    const config = readConfig({ DATABASE_URL: URL });
    expect(Object.isFrozen(config) && Object.isFrozen(config.database)).toBe(true);
  });

  it('lists all faults at once', () => {
    expect(
      faultsOf({
        PGUSER: 'reader',
        PORT: '70000',
        TSDB_POOL_SIZE: '0',
        TSDB_STATEMENT_TIMEOUT_MS: '1.5',
        TSDB_MAX_ROWS: 'many',
        LOG_LEVEL: 'loud',
      }),
    ).toEqual([
      expect.stringMatching(/^neither DATABASE_URL nor PGHOST is set/),
      'PORT must be a whole number from 0 to 65535, got "70000"',
      'TSDB_POOL_SIZE must be a whole number from 1 to 1000, got "0"',
      'TSDB_STATEMENT_TIMEOUT_MS must be a whole number from 1 to 2147483647, got "1.5"',
      'TSDB_MAX_ROWS must be a whole number from 1 to 10000000, got "many"',
      'LOG_LEVEL must be one of silent, fatal, error, warn, info, debug, trace, got "loud"',
    ]);
  });

  it.each(['mysql://reader:secret@db/x', 'reader:secret@db', 'postgres://reader:sec ret@[db/x'])(
    'refuses the address %s without showing it',
    (url) => {
      const faults = faultsOf({ DATABASE_URL: url });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^DATABASE_URL is not a URL like/);
      expect(faults[0]).not.toMatch(/sec ?ret/);
    },
  );

  it('refuses two passwords, and a password file that is empty or missing', () => {
    const both = { PGHOST: 'db', PGPASSWORD: 'a', PGPASSWORD_FILE: '/run/password' };
    expect(faultsOf(both, () => 'b')).toEqual(['PGPASSWORD and PGPASSWORD_FILE are both set; keep one']);
    const file = { PGHOST: 'db', PGPASSWORD_FILE: '/nowhere/password' };
    expect(faultsOf(file, () => '\n')).toEqual(['PGPASSWORD_FILE: /nowhere/password is empty']);
    expect(faultsOf(file)).toEqual([expect.stringMatching(/^PGPASSWORD_FILE cannot be read: ENOENT/)]);
  });
});

describe('settings', () => {
  it('lists exactly the names that are read', () => {
    const sources = ['config.ts', '../db/server/database-address.ts'].map((file) =>
      readFileSync(join(__dirname, file), 'utf8'),
    );
    const read = [...sources.join('\n').matchAll(/(?:text|whole)\('([A-Z_]+)'|env\.([A-Z_]+)/g)].map(
      (match) => match[1] ?? match[2],
    );
    expect([...new Set(read)].sort()).toEqual(settings.map(({ name }) => name).sort());
  });

  it('is the only way to the environment in this folder', () => {
    const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' });
    const sources = files.filter((file) => /(?<!\.test)\.ts$/.test(file) && !/\btesting\b/.test(file));
    const readers = sources.filter((file) =>
      readFileSync(join(__dirname, file), 'utf8').includes('process.env'),
    );
    expect(readers).toEqual(['config.ts']);
  });
});

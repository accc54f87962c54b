// What `tsdb` says to wrong input: one clear message on stderr, nothing on stdout, no stack trace.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, testServers } from '../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../db/local/testing/places';
import { type CommandHost, startHost } from './testing/command-host';
import { tsdb } from './testing/command-line';

const server = testServers('postgres')[0] ?? { url: '' };
let database: TestDatabase;
let host: CommandHost;
beforeAll(async () => {
  host = startHost();
  database = await createTestDatabase(server);
});
afterAll(async () => {
  await host.stop();
  await database.drop();
});

interface Wrong {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: RegExp;
  /** In a process of its own, to see what really ends it. */
  readonly isAlone?: true;
}

const DOWN = 'postgresql://tsdb:very%20secret@127.0.0.1:1/tsdb';

const wrongs: readonly Wrong[] = [
  { name: 'an unknown command', args: ['aply'], says: /unknown command 'aply'/ },
  { name: 'an unknown flag', args: ['plan', '--jsn'], says: /unknown option '--jsn'/, isAlone: true },
  { name: 'an argument too many', args: ['plan', 'more'], says: /too many arguments/ },
  { name: 'a number out of range', args: ['up', '--days', '3651'], says: /whole number from 0 to 3650/ },
  {
    name: 'an unknown hazard',
    args: ['apply', '--allow', 'deletes-data,fire'],
    says: /--allow fire: unknown hazard; choose from deletes-data, /,
  },
  {
    name: 'an unknown hazard of up',
    args: ['up', '--allow', 'fire'],
    says: /--allow fire: unknown hazard/,
  },
  {
    name: 'an unknown schema set',
    args: ['plan'],
    env: { TSDB_SCHEMAS: 'iot,nope' },
    says: /TSDB_SCHEMAS is "iot,nope": unknown set nope; choose from iot/,
  },
  {
    name: 'a lock wait that is no number',
    args: ['apply', '--yes'],
    env: { TSDB_LOCK_WAIT_MS: 'long' },
    says: /TSDB_LOCK_WAIT_MS must be a whole number of milliseconds, got "long"/,
  },
  {
    name: 'an unknown local server',
    args: ['up', '--port', '0', '--data', join(tmpdir(), 'tsdb-never-made')],
    env: { TSDB_LOCAL_SERVER: 'oracle' },
    says: /TSDB_LOCAL_SERVER must be one of timescaledb, docker, embedded, got "oracle"/,
  },
  { name: 'an unknown aggregate', args: ['refresh', 'yearly'], says: /yearly is not a declared aggregate/ },
  { name: 'a time that is none', args: ['refresh', '--from', 'noon'], says: /--from "noon" is not a time/ },
  {
    name: 'a window that ends before it begins',
    args: ['refresh', '--from', '2026-02-01', '--to', '2026-01-01'],
    says: /--from must be before --to/,
  },
  { name: 'a plan that cannot be saved', args: ['plan', '--out', '/'], says: /cannot write \/: EISDIR/ },
  {
    name: 'no database at all',
    args: ['plan'],
    env: { DATABASE_URL: '' },
    says: /no database: DATABASE_URL is not set and no local platform runs here.*npm start/,
  },
  {
    name: 'a server that is away',
    args: ['plan', '--detailed-exitcode'],
    env: { DATABASE_URL: DOWN },
    isAlone: true,
    says: /cannot connect to 127\.0\.0\.1:1\/tsdb: connect ECONNREFUSED/,
  },
  {
    name: 'a server of up that is away',
    args: ['up', '--port', '0'],
    env: { DATABASE_URL: DOWN },
    says: /the server of DATABASE_URL does not answer: connect ECONNREFUSED/,
  },
  {
    name: 'an address that is none',
    args: ['plan'],
    env: { DATABASE_URL: 'postgres://tsdb:very secret@[::1/tsdb' },
    says: /DATABASE_URL/,
  },
];

describe('refuses', () => {
  it.each(wrongs.map((wrong) => [wrong.name, wrong] as const))('%s', async (_, wrong) => {
    const { args, says, isAlone = false } = wrong;
    const env = { DATABASE_URL: database.url, ...wrong.env };
    const { code, stdout, stderr } = await (isAlone ? tsdb(args, env) : host.run(args, env));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr.match(/^error: /gm)).toHaveLength(1);
    expect(stderr).not.toMatch(/^ +at |very.*secret/m);
  });

  it('a saved plan that is broken, of another version, or missing', async () => {
    const folder = temporaryFolder();
    const [text = '', other = '', none = ''] = ['text', 'other', 'none'].map((name) => join(folder, name));
    writeFileSync(text, '{"version": 1, "fing');
    writeFileSync(other, '{"version": 99}');
    const env = { DATABASE_URL: database.url };
    const ends = await Promise.all([text, other, none].map((file) => host.run(['apply', file], env)));
    expect(ends.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(ends.map(({ stderr }) => stderr)).toEqual([
      expect.stringMatching(/^error: .*text is not a saved plan: .*\n$/),
      expect.stringMatching(/^error: .*other is not a plan of this version; make one with .*\n$/),
      expect.stringMatching(/^error: cannot read .*none: ENOENT.*\n$/),
    ]);
    removeFolder(folder);
  });

  it('a wrong password without printing it, nor the right one', async () => {
    const url = new URL(database.url);
    const right = url.password;
    url.password = 'swordfish';
    const { code, stdout, stderr } = await tsdb(['status'], { DATABASE_URL: url.href });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: cannot connect to .*password authentication failed.*\n$/);
    expect(stderr).not.toContain('swordfish');
    expect(right).not.toBe('');
    expect(stderr).not.toContain(right);
  });
});

it('prints help with exit code 0, and with 1 when no command is given', async () => {
  const [help, none] = await Promise.all([tsdb(['--help']), tsdb([])]);
  expect(help).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: tsdb') });
  expect(none).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('Usage: tsdb') });
});

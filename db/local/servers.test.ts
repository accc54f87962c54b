import { messageOf } from '../core/errors';
import { codeOf, LocalServerError } from './errors';
import { initdbArguments } from './initdb';
import { describeServer, withDatabase } from './server-facts';
import { forcedChoice } from './servers';
import { parsePasswd } from './system-user';
import { summaryOf } from './test-run';

describe('forcedChoice', () => {
  it('is none by default', () => {
    expect(forcedChoice({})).toBeUndefined();
    expect(forcedChoice({ TSDB_LOCAL_SERVER: '' })).toBeUndefined();
  });

  it('refuses what is not a choice', () => {
    expect(forcedChoice({ TSDB_LOCAL_SERVER: 'docker' })).toBe('docker');
    expect(() => forcedChoice({ TSDB_LOCAL_SERVER: 'podman' })).toThrow(
      new LocalServerError('TSDB_LOCAL_SERVER must be one of timescaledb, docker, embedded, got "podman"'),
    );
  });
});

describe('describeServer', () => {
  it.each([
    [{ version: '18.4' }, 'PostgreSQL 18.4 (here)'],
    [
      { version: '17.11', timescaledb: { version: '2.29.2', edition: 'Community' } },
      'PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (here)',
    ],
    [
      { version: '17.11', timescaledb: { version: '2.29.2', edition: '' } },
      'PostgreSQL 17.11 + TimescaleDB 2.29.2 (here)',
    ],
    [{ version: '18.6', citus: '14.0-1' }, 'PostgreSQL 18.6 + Citus 14.0-1 (here)'],
  ])('says %j as %s', (facts, text) => expect(describeServer(facts, 'here')).toBe(text));
});

it('withDatabase changes the database and nothing else', () => {
  expect(withDatabase('postgresql://u:p%40@h:5432/old?sslmode=require', 'a b')).toBe(
    'postgresql://u:p%40@h:5432/a%20b?sslmode=require',
  );
});

describe('summaryOf', () => {
  const embedded = { engine: 'postgres', url: '', describe: 'PostgreSQL 18.4 (embedded)' } as const;

  it('names every server', () => {
    const others = [
      { engine: 'timescaledb', url: '', describe: 'another' },
      { engine: 'citus', url: '', describe: 'three' },
    ] as const;
    expect(summaryOf([embedded, ...others], {})).toBe(
      'db tests run on: PostgreSQL 18.4 (embedded) · another · three',
    );
  });

  it('says aloud what is skipped', () => {
    expect(summaryOf([embedded], {})).toBe(
      'db tests run on: PostgreSQL 18.4 (embedded); TimescaleDB not found: its suites are skipped (set DATABASE_URL or TSDB_PG_BIN); Citus not found: its suites are skipped (set DATABASE_URL or TSDB_CITUS_BIN)',
    );
  });

  it('notes a Citus that is newer than the tested one', () => {
    const newer = { engine: 'citus', url: '', describe: 'PostgreSQL 18.6 + Citus 15.1-1, 3 nodes' } as const;
    expect(summaryOf([newer], {})).toContain('note: Citus 15.1 is newer than 14.0');
  });
});

it('summaryOf tells leaving out from not finding', () => {
  expect(summaryOf([], { TSDB_LOCAL_SERVER: 'embedded' })).toMatch(
    /TimescaleDB left out by TSDB_LOCAL_SERVER/,
  );
  expect(summaryOf([], { TSDB_LOCAL_SERVER: 'embedded' })).toMatch(/Citus left out by TSDB_LOCAL_SERVER/);
});

it('parsePasswd reads users and passes over what is not one', () => {
  expect(
    parsePasswd('# comment\n\nnobody:x:65534:65534:nobody:/:/bin/false\nbroken:x:y:z\n+::::::\n'),
  ).toEqual([{ name: 'nobody', uid: 65534, gid: 65534 }]);
});

it('initdbArguments use the builtin collation where there is one', () => {
  const of = (version: string): string[] =>
    initdbArguments({ version, binDir: '', flavour: 'postgres', origin: 'embedded' }, '/d', '/p');
  expect(of('17.1')).toContain('--builtin-locale=C.UTF-8');
  expect(of('16.9').join(' ')).not.toContain('builtin');
});

it('initdbArguments ask for passwords, except between the nodes of Citus', () => {
  const of = (flavour: 'postgres' | 'citus'): string[] =>
    initdbArguments({ version: '18.6', binDir: '', flavour, origin: 'installed' }, '/d', '/p').filter(
      (argument) => argument.startsWith('--auth'),
    );
  expect(of('postgres')).toEqual(['--auth=scram-sha-256']);
  expect(of('citus')).toEqual(['--auth=scram-sha-256', '--auth-local=trust']);
});

describe('errors', () => {
  it('are told by message, or by their parts when they have none', () => {
    expect(messageOf(new Error('x'))).toBe('x');
    expect(messageOf(new AggregateError([new Error('v6'), new Error('v4')]))).toBe('v6; v4');
    expect(messageOf('text')).toBe('text');
    expect(messageOf(undefined)).toBe('undefined');
  });

  it('have a code only when it is text', () => {
    expect(codeOf({ code: 'EPERM' })).toBe('EPERM');
    expect([codeOf({ code: 1 }), codeOf(undefined), codeOf(null)]).toEqual([undefined, undefined, undefined]);
  });
});

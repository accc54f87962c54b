import { RestoringError, restoringReason } from '../db/server/restoring';
import { databaseFault } from './database/database-errors';
import { problemOf } from './failures';
import { PROBLEM_TYPE_PREFIX, ProblemError, type ProblemName, problems } from './http/problems';

const request = { id: 'req-7', query: {} };

function failure(code: string, message = 'relation "secret" at 10.0.0.5'): Error {
  return Object.assign(new Error(message), { code });
}

describe('problemOf', () => {
  it.each<[string, unknown, ProblemName]>([
    ['a refused connection', failure('ECONNREFUSED'), 'database-unavailable'],
    ['both addresses refused', new AggregateError([failure('ECONNREFUSED')], ''), 'database-unavailable'],
    ['a terminated backend', failure('57P01'), 'database-unavailable'],
    ['a server that starts up', failure('57P03'), 'database-unavailable'],
    ['too many connections', failure('53300'), 'database-unavailable'],
    ['a full disk', failure('53100'), 'database-full'],
    ['memory that is used up', failure('53200'), 'database-out-of-memory'],
    ['temporary files above their limit', failure('53400'), 'database-out-of-memory'],
    ['a server that takes no writes', failure('25006'), 'database-read-only'],
    ['a restore', new RestoringError(restoringReason('x')), 'database-restoring'],
    ['a broken connection', failure('08006'), 'database-unavailable'],
    [
      'a worker of Citus that went away in a transaction',
      failure('XX000', 'failure on connection marked as essential: 10.0.0.5:5432'),
      'database-unavailable',
    ],
    [
      'a worker of Citus that went away at the end of a COPY',
      failure('XX000', 'terminating connection due to unexpected postmaster exit'),
      'database-unavailable',
    ],
    [
      'a worker of Citus that went away without a word',
      failure('58030', 'failed to complete COPY on 10.0.0.5:5432'),
      'database-unavailable',
    ],
    [
      'a worker of Citus whose connection closed',
      failure('XX000', 'server closed the connection unexpectedly'),
      'database-unavailable',
    ],
    ['another internal error', failure('XX000'), 'internal'],
    ['a connection that ended', new Error('Connection terminated unexpectedly'), 'database-unavailable'],
    ['an exhausted pool', new Error('timeout exceeded when trying to connect'), 'database-unavailable'],
    ['the statement timeout', failure('57014'), 'database-timeout'],
    ['stored numbers that overflow', failure('22003'), 'stored-overflow'],
    ['a missing table', failure('42P01'), 'schema-missing'],
    ['a syntax error of ours', failure('42601'), 'internal'],
    ['a bug', new TypeError('x of undefined'), 'internal'],
    ['a thrown text', 'text', 'internal'],
    ['nothing', undefined, 'internal'],
  ])('answers %s with the right problem and without internals', (_what, error, name) => {
    const problem = problemOf(error, request);
    expect(problem.problem).toBe(name);
    expect(JSON.stringify(problem.toDocument('/x'))).not.toMatch(/secret|10\.0\.0\.5|undefined|42601/);
  });

  it('says where the data is when the database has moved', () => {
    const moved = Object.assign(failure('25006', 'this database has moved to db:5432/x'), {
      constraint: 'tsdb_moved',
    });
    expect(problemOf(moved, request)).toMatchObject({
      problem: 'database-read-only',
      detail: 'this database has moved to db:5432/x',
    });
  });

  it('names the log entry of an unexpected failure', () => {
    expect(problemOf(new Error('x'), request).detail).toContain('req-7');
  });

  it('keeps the status of a refused request', () => {
    const tooLarge = Object.assign(new Error('Request body is too large'), { statusCode: 413 });
    expect(problemOf(tooLarge, request).toDocument('/x')).toMatchObject({
      type: 'urn:tsdb:problem:invalid-request',
      status: 413,
    });
  });
});

describe('problems', () => {
  it('have stable names, an error status and distinct titles', () => {
    const entries = Object.entries(problems);
    for (const [name, { status }] of entries) {
      expect(`${PROBLEM_TYPE_PREFIX}${name}`).toMatch(/^urn:tsdb:problem:[a-z-]+$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(new Set(entries.map(([, { title }]) => title)).size).toBe(entries.length);
  });

  it('ask for patience exactly where a retry helps', () => {
    for (const name of Object.keys(problems) as ProblemName[]) {
      const problem = new ProblemError(name, 'detail');
      expect('retry-after' in problem.headers()).toBe([429, 503].includes(problem.status));
    }
  });
});

describe('databaseFault', () => {
  it('tells a broken connection, which may be asked again, from one that cannot be had', () => {
    expect(databaseFault(failure('ECONNRESET'))).toBe('lost');
    expect(databaseFault(failure('ECONNREFUSED'))).toBe('unavailable');
    expect(databaseFault(new Error('Connection terminated due to connection timeout'))).toBe('unavailable');
  });
});

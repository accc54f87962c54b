// Which errors are tried again, how often, and what is told about it.
import { DatabaseError } from '../core/errors';
import { isUnreachable, pauseBefore, type Retry, recoveryOf, withRetry } from './retry';

const error = (code: string | undefined, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, ...more });

describe('recoveryOf', () => {
  it.each([
    ['40P01', 'deadlock detected', 'repeat'],
    ['40001', 'could not serialize access due to concurrent update', 'repeat'],
    ['55P03', 'canceling statement due to lock timeout', 'repeat'],
    ['55P03', 'could not refresh continuous aggregate "ca" due to a concurrent refresh', 'repeat'],
    ['XX000', 'tuple concurrently updated', 'repeat'],
    ['XX000', 'could not open relation with OID 4711', 'repeat'],
    ['XX000', 'cache lookup failed for type 4711', undefined],
    ['42704', 'continuous aggregate hypertable with ID 3 does not exist', 'repeat'],
    ['42704', 'invalid or missing information about the bucketing function for cagg', 'repeat'],
    ['42704', 'type "nonsense" does not exist', undefined],
    ['57P01', 'terminating connection due to administrator command', 'reconnect'],
    ['57P03', 'the database system is starting up', 'reconnect'],
    ['ECONNRESET', 'read ECONNRESET', 'reconnect'],
    [undefined, 'Connection terminated unexpectedly', 'reconnect'],
    [undefined, 'Client has encountered a connection error and is not queryable', 'reconnect'],
    ['57014', 'canceling statement due to statement timeout', undefined],
    ['42P07', 'relation "x" already exists', undefined],
    ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1', undefined],
  ])('%s %s: %s', (code, message, expected) => {
    expect(recoveryOf(error(code, message))).toBe(expected);
  });

  it('plans again after a race in a catalog, and only there', () => {
    const race = { schema: 'pg_catalog', constraint: 'pg_type_typname_nsp_index' };
    expect(recoveryOf(error('23505', 'duplicate key value', race))).toBe('replan');
    expect(recoveryOf(error('23505', 'duplicate key value', { schema: 'public' }))).toBeUndefined();
  });

  it('looks at the cause of our own errors', () => {
    const cause = error('57P01', 'terminating connection');
    expect(recoveryOf(new DatabaseError('the step failed', { cause }))).toBe('reconnect');
    expect(recoveryOf(new DatabaseError('the step failed'))).toBeUndefined();
    expect(
      isUnreachable(new DatabaseError('cannot connect', { cause: error('ECONNREFUSED', 'refused') })),
    ).toBe(true);
  });
});

describe('withRetry', () => {
  it('tries again until it works, and tells about each try', async () => {
    const told: Retry[] = [];
    let left = 2;
    const work = async (): Promise<string> => {
      if (left-- > 0) throw error('40P01', 'deadlock detected');
      return 'done';
    };
    expect(await withRetry(work, { onRetry: (retry) => told.push(retry) })).toBe('done');
    expect(told).toMatchObject([
      { recovery: 'repeat', reason: 'deadlock detected (40P01)', attempt: 2, attempts: 10 },
      { attempt: 3 },
    ]);
  });

  it('gives up after the last try, and at once when trying again is useless or unwanted', async () => {
    const count = async (
      failure: Error,
      options: { attempts: number; signal?: AbortSignal },
    ): Promise<number> => {
      let tries = 0;
      const work = async (): Promise<never> => {
        tries += 1;
        throw failure;
      };
      await expect(withRetry(work, options)).rejects.toBe(failure);
      return tries;
    };
    expect(await count(error('40P01', 'deadlock detected'), { attempts: 3 })).toBe(3);
    expect(await count(error('42601', 'syntax error'), { attempts: 3 })).toBe(1);
    const signal = AbortSignal.abort();
    expect(await count(error('40P01', 'deadlock detected'), { attempts: 3, signal })).toBe(1);
  });
});

describe('pauseBefore', () => {
  it('doubles up to five seconds, between half and whole', () => {
    expect([2, 3, 4, 8, 20].map((attempt) => pauseBefore(attempt, 1))).toEqual([100, 200, 400, 5000, 5000]);
    expect(pauseBefore(2, 0)).toBe(50);
  });
});

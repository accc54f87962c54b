import { DatabaseError, RefusedError, UsageError } from '../../db/core/errors';
import { READ_ONLY_REASONS } from '../../db/server/read-only';
import { RestoringError, restoringReason } from '../../db/server/restoring';
import { problemOf } from '../failures';
import { planProblem } from './plan';

const coded = (code: string, message = 'no') => Object.assign(new Error(message), { code });

describe('a failure of planning', () => {
  it.each([
    ['a server that is away', new DatabaseError('cannot connect'), 503, 'database-unavailable'],
    ['a server that cannot serve it', new RefusedError('too old'), 503, 'not-ready'],
    ['a declaration at fault', new UsageError('TS001'), 503, 'not-ready'],
    ['missing rights', coded('42501'), 503, 'not-ready'],
    ['a standby', new RefusedError(READ_ONLY_REASONS.standby), 503, 'not-ready'],
    ['a restore', new RestoringError(restoringReason('x')), 503, 'database-restoring'],
    ['a lock', coded('55P03'), 504, 'database-timeout'],
    ['a time limit', coded('57014'), 504, 'database-timeout'],
    ['a change at the same moment', coded('40P01'), 503, 'database-unavailable'],
    ['a lost connection', coded('57P01'), 503, 'database-unavailable'],
    ['a fault of ours', new TypeError('x is not a function'), 500, 'internal'],
  ])('%s is told as such', (_, error, status, problem) => {
    const told = problemOf(planProblem(error), { id: 'r1', query: {} });
    expect(told).toMatchObject({ status, problem });
  });

  it('passes on what it says', () => {
    expect(planProblem(new RefusedError('PostgreSQL 13 is too old'))).toMatchObject({
      detail: 'PostgreSQL 13 is too old',
    });
  });
});

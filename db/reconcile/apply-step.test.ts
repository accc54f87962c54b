// Time limits by step, and what a failed step tells.
import type { HazardName, Step } from '../model';
import { stepFailure, timeoutsOf } from './apply-step';

const step = (transactional: boolean, ...hazards: readonly HazardName[]): Step => ({
  id: 'add-column:a.b',
  object: 'a.b',
  action: 'change',
  summary: '',
  sql: ['SELECT 1'],
  transactional,
  lock: 'none',
  hazards: hazards.map((name) => ({ name, reason: '' })),
});

describe('timeoutsOf', () => {
  it('waits for locks in short turns inside transactions, and limits what should be quick', () => {
    expect(timeoutsOf(step(true), 1000)).toEqual({ lock: 3_000, statement: 1000 });
    expect(timeoutsOf(step(true, 'drops-object'), 1000)).toEqual({ lock: 3_000, statement: 1000 });
  });

  it.each(['long-running', 'rewrites-data', 'blocks-writes', 'blocks-reads'] as const)(
    'lets consented work that is %s take its time',
    (hazard) => expect(timeoutsOf(step(true, hazard), 1000)).toEqual({ lock: 3_000, statement: 0 }),
  );

  it('lets work outside a transaction take its time, and wait longer', () => {
    expect(timeoutsOf(step(false), 1000)).toEqual({ lock: 30_000, statement: 0 });
  });
});

describe('stepFailure', () => {
  const failure = (code: string | undefined, message: string): string =>
    stepFailure(step(true), Object.assign(new Error(message), { code }), { lock: 1, statement: 60_000 })
      .message;

  it.each([
    ['57014', 'canceling statement due to statement timeout', /longer than 60 s.*TSDB_STEP_TIMEOUT_MS/],
    ['57014', 'canceling statement due to user request', /Somebody cancelled it.*Apply again; it continues/],
    ['55P03', 'canceling statement due to lock timeout', /Another session holds a lock.*pg_stat_activity/],
    ['57P01', 'terminating connection', /session was lost.*Apply again; it continues/],
    ['42601', 'syntax error', /Earlier steps stay/],
  ])('%s %s', (code, message, wayOut) => {
    expect(failure(code, message)).toMatch(
      new RegExp(`^add-column:a.b failed: ${message} \\(SQLSTATE ${code}\\)`),
    );
    expect(failure(code, message)).toMatch(wayOut);
  });
});

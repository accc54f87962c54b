import type { Plan } from '../../db/model';
import { watchDrift } from './drift';

const PLAN: Plan = {
  version: 1,
  server: { engine: 'postgres', serverVersion: '18.4', database: 'tsdb' },
  fingerprint: '',
  steps: [],
  refusals: [],
  emulated: [],
  unavailable: [],
  distributed: [],
  undeclared: [],
  warnings: [],
};

/** A clock and a planner by hand. */
function given() {
  const waiting: { resolve: (plan: Plan) => void; reject: (error: Error) => void }[] = [];
  const time = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const drift = watchDrift(
    () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    () => time.ms,
  );
  return { waiting, time, drift };
}

describe('the drift', () => {
  it('comes from one plan for everyone who asks while it is made, however long that takes', async () => {
    const { waiting, time, drift } = given();
    const first = drift();
    time.ms += 100_000;
    const rest = Array.from({ length: 20 }, () => drift());
    expect(waiting).toHaveLength(1);
    waiting[0]?.resolve(PLAN);
    expect(new Set(await Promise.all([first, ...rest])).size).toBe(1);
    expect(await first).toMatchObject({ inSync: true, checkedAt: '2026-01-01T00:01:40Z' });
  });

  it('is kept for half a minute after it was made', async () => {
    const { waiting, time, drift } = given();
    const first = drift();
    waiting[0]?.resolve(PLAN);
    await first;
    time.ms += 29_999;
    expect(await drift()).toBe(await first);
    time.ms += 1;
    void drift();
    expect(waiting).toHaveLength(2);
  });

  it('fails for those who wait, and is made again for the next', async () => {
    const { waiting, drift } = given();
    const failed = Promise.allSettled([drift(), drift()]);
    waiting[0]?.reject(new Error('gone'));
    expect((await failed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = drift();
    expect(waiting).toHaveLength(2);
    waiting[1]?.resolve({ ...PLAN, refusals: [{ object: 'a', what: 'b', why: 'c', wayOut: 'd' }] });
    expect(await next).toMatchObject({ inSync: false });
  });
});

// Any interleaving of calls, clock and failures: every row that was taken is stored once, under one key.
import fc from 'fast-check';
import { BufferedWriter } from './buffered-writer';
import { ModelSink, type Outcome } from './testing/model-sink';

type Act =
  | { readonly act: 'add' }
  | { readonly act: 'flush' }
  | { readonly act: 'resume' }
  | { readonly act: 'batch'; readonly rows: number }
  | { readonly act: 'tick'; readonly ms: number };

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof<fc.MaybeWeightedArbitrary<Act>[]>(
    { weight: 8, arbitrary: fc.constant<Act>({ act: 'add' }) },
    fc.constant<Act>({ act: 'flush' }),
    fc.constant<Act>({ act: 'resume' }),
    fc.record({ act: fc.constant('batch' as const), rows: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ act: fc.constant('tick' as const), ms: fc.integer({ min: 0, max: 300 }) }),
  ),
  { maxLength: 60 },
);
const outcomes = fc.array(fc.constantFrom<Outcome>('stored', 'stored', 'down', 'lost', 'broken'), {
  maxLength: 30,
});
const bounds = fc.record({
  maxRows: fc.integer({ min: 1, max: 4 }),
  maxDelayMs: fc.integer({ min: 0, max: 200 }),
  maxWaitingRows: fc.integer({ min: 1, max: 9 }),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  attempts: fc.integer({ min: 1, max: 3 }),
});

describe('BufferedWriter under any interleaving', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('loses and doubles nothing, keeps keys, bounds and counters', async () => {
    await fc.assert(
      fc.asyncProperty(
        acts,
        outcomes,
        bounds,
        fc.integer({ min: 0, max: 50 }),
        async (plan, fails, limits, takesMs) => {
          const sink = new ModelSink([...fails], takesMs);
          const refused: number[] = [];
          const writer = new BufferedWriter<number>(sink, {
            ...limits,
            onRefused: (rows) => {
              refused.push(...rows.map(({ row }) => row));
            },
          });
          const taken: number[] = [];
          const turnedAway: number[] = [];
          let next = 0;
          const given = (rows: readonly number[], call: Promise<void>) =>
            call.then(
              () => taken.push(...rows),
              () => turnedAway.push(...rows),
            );
          // Every seventh row is one that the sink refuses.
          const row = () => {
            next += 1;
            return next % 7 === 0 ? -next : next;
          };
          for (const step of plan) {
            if (step.act === 'add') {
              const one = row();
              void given([one], writer.add(one));
            } else if (step.act === 'batch') {
              const rows = Array.from({ length: step.rows }, row);
              void given(rows, writer.addBatch(rows, `batch-${next}`));
            } else if (step.act === 'flush') void writer.flush().catch(() => undefined);
            else if (step.act === 'resume') writer.resume();
            else await jest.advanceTimersByTimeAsync(step.ms);
            const { accepted, written, refused: no, waiting, inFlight } = writer.counters();
            expect(accepted).toBe(written + no + waiting + inFlight);
            // A batch of the caller alone may be larger than all room.
            expect(waiting + inFlight).toBeLessThanOrEqual(Math.max(limits.maxWaitingRows, 5));
          }
          let isClosed = false;
          for (let tries = 0; tries < 100 && !isClosed; tries += 1) {
            writer.resume();
            const closed = writer.close().then(
              () => true,
              () => false,
            );
            await jest.advanceTimersByTimeAsync(60_000);
            isClosed = await closed;
          }
          expect(isClosed).toBe(true);
          expect(jest.getTimerCount()).toBe(0);
          expect(writer.unwritten()).toEqual([]);
          expect([...taken, ...turnedAway].sort()).toEqual(
            Array.from({ length: next }, (_, at) => ((at + 1) % 7 === 0 ? -(at + 1) : at + 1)).sort(),
          );
          expect([...sink.rows].sort()).toEqual([...taken].sort());
          expect(refused.sort()).toEqual(taken.filter((one) => one < 0).sort());
          expect(sink.mostUnderway).toBeLessThanOrEqual(limits.maxInFlight);
          // One batch at a time keeps the order, except where a failure let the program add others first.
          if (limits.maxInFlight === 1)
            expect(sink.rows.map(Math.abs)).toEqual(taken.map(Math.abs).sort((a, b) => a - b));
          const rowsByKey = new Map<string, string>();
          for (const { key, rows } of sink.deliveries) {
            expect(rowsByKey.get(key) ?? rows.join()).toBe(rows.join());
            rowsByKey.set(key, rows.join());
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

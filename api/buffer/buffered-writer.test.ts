import { UsageError } from '../../db/core/errors';
import { BufferedWriter } from './buffered-writer';
import { Down, ModelSink } from './testing/model-sink';
import { numbers, settled, watch, writerOn } from './testing/writer-under-test';

describe('BufferedWriter', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('writes 1,000 rows at once, and the rest after 5 s', async () => {
    const sink = new ModelSink();
    const { writer } = writerOn(sink);
    for (const row of numbers(1_003)) await writer.add(row);
    await settled();
    expect([...sink.batches.values()]).toEqual([numbers(1_000)]);
    expect(writer.counters()).toEqual({
      accepted: 1_003,
      written: 1_000,
      refused: 0,
      waiting: 3,
      inFlight: 0,
      flushes: 1,
      retries: 0,
    });
    await jest.advanceTimersByTimeAsync(4_999);
    expect(sink.rows).toHaveLength(1_000);
    await jest.advanceTimersByTimeAsync(1);
    expect(sink.rows).toEqual(numbers(1_003));
  });

  it('loses nothing in the final flush, which is at once, and takes no rows after it', async () => {
    const sink = new ModelSink();
    const { writer } = writerOn(sink);
    for (const row of numbers(7)) await writer.add(row);
    await writer.close();
    expect(sink.rows).toEqual(numbers(7));
    await expect(writer.add(8)).rejects.toThrow(UsageError);
    await expect(writer.addBatch([8], 'k')).rejects.toThrow('the writer is closed');
    await writer.close();
    expect(sink.batches.size).toBe(1);
  });

  it('flushes what was added before, and leaves later rows to their batch', async () => {
    const sink = new ModelSink([], 10);
    const { writer } = writerOn(sink, { maxInFlight: 2 });
    await writer.add(1);
    const flushed = watch(writer.flush());
    await writer.add(2);
    await jest.advanceTimersByTimeAsync(10);
    expect([flushed.state, sink.rows]).toEqual(['done', [1]]);
    await jest.advanceTimersByTimeAsync(5_010);
    expect(sink.rows).toEqual([1, 2]);
    await writer.flush();
  });

  it('waits while the buffer is full, and goes on as rows are stored', async () => {
    const sink = new ModelSink([], 100);
    const { writer } = writerOn(sink, { maxRows: 2, maxWaitingRows: 3 });
    const adds = numbers(6).map((row) => watch(writer.add(row)));
    await settled();
    expect(adds.map(({ state }) => state)).toEqual([...Array(3).fill('done'), ...Array(3).fill('waiting')]);
    expect(writer.counters()).toMatchObject({ accepted: 3, inFlight: 2, waiting: 1 });
    await jest.advanceTimersByTimeAsync(100);
    expect(adds.map(({ state }) => state)).toEqual([...Array(5).fill('done'), 'waiting']);
    const closed = watch(writer.close());
    await jest.advanceTimersByTimeAsync(300);
    expect([closed.state, sink.rows, sink.mostUnderway]).toEqual(['done', numbers(6), 1]);
  });

  it('does not let a row wait for room and room wait for the age of rows', async () => {
    const sink = new ModelSink();
    const { writer } = writerOn(sink, { maxRows: 100, maxWaitingRows: 2 });
    expect(await writer.writeAll(numbers(7))).toBe(7);
    expect(sink.rows).toEqual(numbers(7));
  });

  it('lets in rows that are larger than all room, when they are alone', async () => {
    const sink = new ModelSink([], 10);
    const { writer } = writerOn(sink, { maxRows: 3, maxWaitingRows: 10, weigh: () => 50 });
    const adds = numbers(2).map((row) => watch(writer.add(row)));
    await settled();
    expect(adds.map(({ state }) => state)).toEqual(['done', 'waiting']);
    await jest.advanceTimersByTimeAsync(20);
    expect([...sink.batches.values()]).toEqual([[1], [2]]);
  });

  it('tries again with the same key and rows, so that a lost answer doubles nothing', async () => {
    const sink = new ModelSink(['down', 'lost', 'stored']);
    const retries: number[] = [];
    const { writer } = writerOn(sink, { onRetry: ({ attempt }) => retries.push(attempt) });
    for (const row of numbers(3)) await writer.add(row);
    const closed = watch(writer.close());
    await jest.advanceTimersByTimeAsync(1_000);
    expect([closed.state, sink.rows, retries]).toEqual(['done', numbers(3), [2, 3]]);
    expect(new Set(sink.deliveries.map(({ key }) => key)).size).toBe(1);
    expect(sink.deliveries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(writer.counters()).toMatchObject({ written: 3, flushes: 1, retries: 2 });
  });

  it('waits as long as the sink asks', async () => {
    const sink = new ModelSink([new Down(7_000)]);
    const { writer } = writerOn(sink);
    await writer.add(1);
    const flushed = watch(writer.flush());
    await jest.advanceTimersByTimeAsync(6_999);
    expect(sink.deliveries).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(flushed.state).toBe('done');
  });

  it('stores batches of the caller under its keys, in order with other rows', async () => {
    const sink = new ModelSink();
    const { writer } = writerOn(sink);
    await writer.add(1);
    await writer.addBatch([2, 3], 'mine');
    await settled();
    // Rows before a batch with a key are whole, and do not hold it up until they are old.
    expect([...sink.batches.values()]).toEqual([[1], [2, 3]]);
    await writer.addBatch([], 'nothing');
    await writer.add(4);
    await writer.close();
    expect([...sink.batches.values()]).toEqual([[1], [2, 3], [4]]);
    expect([...sink.batches.keys()][1]).toBe('mine');
    await expect(new BufferedWriter(sink, { onRefused: () => undefined }).addBatch([1], '')).rejects.toThrow(
      UsageError,
    );
  });

  it('has several batches under way when told so', async () => {
    const sink = new ModelSink([], 10);
    const { writer } = writerOn(sink, { maxRows: 1, maxInFlight: 3 });
    const done = watch(writer.writeAll(numbers(9)));
    await jest.advanceTimersByTimeAsync(30);
    expect([done.state, sink.mostUnderway]).toEqual(['done', 3]);
  });

  it('with no delay writes what came while others were under way', async () => {
    const sink = new ModelSink([], 10);
    const { writer } = writerOn(sink, { maxDelayMs: 0, maxRows: 3 });
    for (const row of numbers(6)) await writer.add(row);
    await jest.advanceTimersByTimeAsync(30);
    expect([...sink.batches.values()]).toEqual([[1], [2, 3, 4], [5, 6]]);
  });

  it('reads an async source no faster than it is stored', async () => {
    const sink = new ModelSink([], 10);
    const { writer } = writerOn(sink, { maxRows: 2, maxWaitingRows: 4 });
    let read = 0;
    async function* source() {
      for (; read < 10; read += 1) yield read;
    }
    const done = watch(writer.writeAll(source()));
    await jest.advanceTimersByTimeAsync(9);
    expect(read).toBeLessThanOrEqual(4);
    await jest.advanceTimersByTimeAsync(50);
    expect([done.state, sink.rows]).toEqual(['done', numbers(10, 0)]);
  });

  it.each([
    ['maxRows', 0],
    ['maxInFlight', 1.5],
    ['attempts', Number.NaN],
    ['maxDelayMs', -1],
    ['maxWaitingRows', 0],
  ])('refuses %s = %p', (name, value) => {
    expect(() => writerOn(new ModelSink(), { [name]: value })).toThrow(`${name} must be a whole number`);
  });
});

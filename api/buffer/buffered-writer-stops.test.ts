// Batches and rows that cannot be stored: nothing is lost silently.
import { Down, ModelSink } from './testing/model-sink';
import { numbers, settled, watch, writerOn } from './testing/writer-under-test';

describe('BufferedWriter that cannot store', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it.each([
    ['for good', ['broken'] as const, {}],
    ['after all tries', ['down', 'down', 'down'] as const, { attempts: 3 }],
  ])(
    'stops when a batch fails %s: callers hear it, the rows stay, resume goes on',
    async (_when, outcomes, options) => {
      const sink = new ModelSink([...outcomes]);
      const { writer } = writerOn(sink, { ...options, maxRows: 2, maxWaitingRows: 4 });
      const adds = numbers(5).map((row) => watch(writer.add(row)));
      const flushed = watch(writer.flush());
      await jest.advanceTimersByTimeAsync(10_000);
      const failure = expect.stringMatching(
        /^failed: the batch \S+ could not be written: the model is (broken|down)/,
      );
      expect(adds.map(({ state }) => state)).toEqual([...Array(4).fill('done'), failure]);
      expect(flushed.state).toEqual(failure);
      const left = writer.unwritten();
      expect(left.map(({ rows }) => rows)).toEqual([
        [1, 2],
        [3, 4],
      ]);
      await expect(writer.add(6)).rejects.toThrow('the model is');
      await expect(writer.close()).rejects.toThrow('the model is');
      expect(sink.rows).toEqual([]);
      writer.resume();
      await writer.close();
      expect([...sink.batches]).toEqual(left.map(({ key, rows }) => [key, rows]));
      expect(writer.unwritten()).toEqual([]);
    },
  );

  it('keeps a failure of the timer for the next call instead of ending the process', async () => {
    const sink = new ModelSink(['broken']);
    const { writer } = writerOn(sink);
    await writer.add(1);
    await jest.advanceTimersByTimeAsync(5_000);
    await expect(writer.flush()).rejects.toThrow('the model is broken');
    await expect(writer.add(2)).rejects.toThrow('the model is broken');
    expect(writer.counters()).toMatchObject({ accepted: 1, waiting: 1 });
  });

  it('hands over refused rows and stores their neighbours', async () => {
    const sink = new ModelSink();
    const { writer, refused } = writerOn(sink);
    await writer.writeAll([1, -2, 3]);
    expect(refused).toEqual([{ row: -2, reason: 'is negative' }]);
    expect(writer.counters()).toMatchObject({ accepted: 3, written: 2, refused: 1 });
  });

  it('stops when refused rows cannot be handed over, and does it again on resume', async () => {
    const sink = new ModelSink();
    const onRefused = jest
      .fn()
      .mockRejectedValueOnce(new Error('the disk is full'))
      .mockResolvedValue(undefined);
    const { writer } = writerOn(sink, { onRefused });
    await writer.add(-1);
    await expect(writer.flush()).rejects.toThrow('the disk is full');
    expect(writer.unwritten()).toHaveLength(1);
    writer.resume();
    await writer.close();
    expect(onRefused).toHaveBeenCalledTimes(2);
    expect(writer.counters()).toMatchObject({ written: 0, refused: 1, flushes: 1 });
  });

  it('tells of a failure when nothing is under way any more', async () => {
    const sink = new ModelSink(['stored', 'broken', 'down'], 10);
    const { writer } = writerOn(sink, { maxRows: 1, maxInFlight: 3 });
    for (const row of numbers(4)) await writer.add(row);
    const flushed = watch(writer.flush());
    await jest.advanceTimersByTimeAsync(10);
    // The fourth was started by the end of the first.
    expect([flushed.state, writer.counters().inFlight]).toEqual(['waiting', 1]);
    await jest.advanceTimersByTimeAsync(10);
    expect(flushed.state).toContain('the model is broken');
    expect(writer.unwritten().map(({ rows }) => rows)).toEqual([[2], [3]]);
    writer.resume();
    const closed = watch(writer.close());
    await jest.advanceTimersByTimeAsync(100);
    expect(closed.state).toBe('done');
    expect([...sink.rows].sort()).toEqual(numbers(4));
  });

  it('stops on its signal in the middle of a pause and keeps the rows', async () => {
    const sink = new ModelSink([new Down(60_000)]);
    const abort = new AbortController();
    const { writer } = writerOn(sink, { signal: abort.signal });
    await writer.add(1);
    const flushed = watch(writer.flush());
    await jest.advanceTimersByTimeAsync(100);
    abort.abort(new Error('Ctrl-C'));
    await settled();
    expect(flushed.state).toContain('writing was aborted: Ctrl-C');
    expect(writer.unwritten().map(({ rows }) => rows)).toEqual([[1]]);
    writer.resume();
    await expect(writer.flush()).rejects.toThrow('Ctrl-C');
    await expect(writerOn(sink, { signal: abort.signal }).writer.add(1)).rejects.toThrow('Ctrl-C');
  });
});

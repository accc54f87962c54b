import { type LargeAnswerLimits, limitLargeAnswers } from './large-answers';

const LIMITS: LargeAnswerLimits = { places: 2, waiting: 3, waitMs: 60_000, heldBytes: 100 };
const BUSY = expect.objectContaining({ problem: 'too-many-requests', status: 429 });
const GONE = expect.objectContaining({ status: 408 });

/** Shares, and the names of those whose wait ended, in order. */
function limited(limits: Partial<LargeAnswerLimits> = {}) {
  const open = limitLargeAnswers({ ...LIMITS, ...limits });
  const started: string[] = [];
  const share = (client = '', question = '/') => open({ client: () => client, question });
  const waits = (name: string, of = share()) => {
    const done = of.wait().then(
      () => started.push(name),
      (error: unknown) => started.push(`${name}: ${(error as { status: number }).status}`),
    );
    return { share: of, done };
  };
  return { share, waits, started };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('large answers', () => {
  it('take places, and wait for them in their order', async () => {
    const { share, waits, started } = limited();
    const [a, b] = [share(), share()];
    expect([a.take(), a.take(), b.take(), share().take()]).toEqual([true, true, true, false]);
    const [c, d] = [waits('c'), waits('d')];
    await turn();
    expect(started).toEqual([]);
    a.leave();
    await turn();
    expect(started).toEqual(['c']);
    // Who waits comes before who asks now.
    expect(share().take()).toBe(false);
    b.leave();
    await turn();
    expect(started).toEqual(['c', 'd']);
    c.share.leave();
    c.share.leave();
    expect([share().take(), share().take()]).toEqual([true, false]);
    d.share.leave();
  });

  it('give the place back when their rows are bytes, and hold back others while too many bytes wait', async () => {
    const { share, waits, started } = limited();
    const [a, b] = [share(), share()];
    a.take();
    b.take();
    waits('c');
    waits('d');
    a.hold(60);
    await turn();
    expect(started).toEqual(['c']);
    b.hold(60);
    await turn();
    expect(started).toEqual(['c']);
    b.sent(30);
    await turn();
    expect(started).toEqual(['c', 'd']);
    // What was sent is not given back twice: 30 bytes are left, of a and b together 90.
    b.leave();
    b.sent(30);
    const e = waits('e');
    a.leave();
    e.share.leave();
    await e.done;
    expect(started).toEqual(['c', 'd', 'e: 408']);
  });

  it('are refused when too many wait, or for too long', async () => {
    const { share, waits, started } = limited({ waitMs: 1 });
    share().take();
    share().take();
    const all = ['c', 'd', 'e', 'f'].map((name) => waits(name).done);
    await Promise.all(all);
    expect(started).toEqual(['f: 429', 'c: 429', 'd: 429', 'e: 429']);
    await expect(share().wait()).rejects.toEqual(BUSY);
  });

  it('let a client take at most half of the waiting places and half of the bytes', async () => {
    const { share, waits, started } = limited({ waiting: 4 });
    const [a, b] = [share('one'), share('one')];
    a.take();
    b.take();
    const held = [waits('c', share('one')), waits('d', share('one'))];
    await expect(share('one').wait()).rejects.toEqual(BUSY);
    const other = waits('other', share('two'));
    a.hold(50);
    // The others of this client are before it, but their client holds half of the bytes.
    await other.done;
    expect(started).toEqual(['other']);
    expect(share('one').take()).toBe(false);
    for (const { share } of held) share.leave();
  });

  it('are expected where the last answer was large', () => {
    const { share } = limited();
    expect(share('', '/a').expectsMuch).toBe(false);
    share('', '/a').take();
    expect([share('', '/a').expectsMuch, share('', '/b').expectsMuch]).toEqual([true, false]);
    const again = share('', '/a');
    again.take();
    // Another query of the same request.
    again.isSmall();
    expect(share('', '/a').expectsMuch).toBe(true);
    share('', '/a').isSmall();
    expect(share('', '/a').expectsMuch).toBe(false);
    share('', '/a').take();
    for (let n = 0; n < 1_000; n += 1) share('', `/${n}`).take();
    expect([share('', '/a').expectsMuch, share('', '/999').expectsMuch]).toEqual([false, true]);
  });

  it('notice that their client is gone', async () => {
    const { share, waits, started } = limited({ places: 1 });
    const [a, gone] = [share(), share()];
    a.take();
    const waiting = waits('b');
    waiting.share.leave();
    await waiting.done;
    expect(started).toEqual(['b: 408']);
    gone.leave();
    for (const use of [() => gone.take(), () => gone.hold(1), () => gone.requireClient()])
      expect(use).toThrow(GONE);
    await expect(gone.wait()).rejects.toEqual(GONE);
    // It goes in the very moment in which its turn comes.
    const unlucky = waits('c');
    a.leave();
    unlucky.share.leave();
    await unlucky.done;
    expect(started).toEqual(['b: 408', 'c: 408']);
    expect(share().take()).toBe(true);
  });

  it('are found out by the first of equal questions, while the others wait', async () => {
    const { share } = limited();
    const known: string[] = [];
    const asks = (name: string, question: string) => {
      const one = share('', question);
      void one.sizeKnown().then(() => known.push(`${name} ${one.expectsMuch ? 'large' : 'small'}`));
      return one;
    };
    const [a, b] = [asks('a', '/x'), asks('b', '/y')];
    asks('a2', '/x');
    asks('b2', '/y');
    await turn();
    expect(known).toEqual(['a small', 'b small']);
    a.take();
    // It may have more queries.
    b.isSmall();
    await turn();
    expect(known.slice(2)).toEqual(['a2 large']);
    b.leave();
    await turn();
    expect(known.slice(3)).toEqual(['b2 small']);
    asks('a3', '/x');
    asks('b3', '/y');
    await turn();
    expect(known.slice(4)).toEqual(['a3 large', 'b3 small']);
  });

  it('are not waited for long while their size is unknown', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const { share } = limited();
      await share('', '/slow').sizeKnown();
      const second = share('', '/slow');
      const known = second.sizeKnown();
      jest.advanceTimersByTime(1_000);
      await known;
      // Nor for each query of a request.
      await second.sizeKnown();
    } finally {
      jest.useRealTimers();
    }
  });
});

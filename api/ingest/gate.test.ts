import { createGate } from './gate';

const limits = { slots: 1, waiting: 2, waitingBytes: 100 };

function pending() {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}

describe('createGate', () => {
  it('runs as many as there are slots, in the order of their coming', async () => {
    const gate = createGate({ ...limits, waiting: 5 });
    const order: string[] = [];
    const first = pending();
    const a = gate.admit(1).run(async () => {
      order.push('a');
      await first.done;
    });
    const b = gate.admit(1).run(async () => void order.push('b'));
    const c = gate.admit(1).run(async () => void order.push('c'));
    await Promise.resolve();
    expect(order).toEqual(['a']);
    first.finish();
    await Promise.all([a, b, c]);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('refuses more requests than may wait, and takes new ones when some have left', () => {
    const gate = createGate(limits);
    const tickets = [gate.admit(1), gate.admit(1), gate.admit(1)];
    expect(() => gate.admit(1)).toThrow('Too many writes are waiting');
    tickets[0]?.leave();
    tickets[0]?.leave();
    expect(() => gate.admit(1)).not.toThrow();
    expect(() => gate.admit(1)).toThrow('Too many writes are waiting');
  });

  it('refuses more bytes than may wait, but never a request that is alone', () => {
    const gate = createGate(limits);
    const large = gate.admit(1_000);
    expect(() => gate.admit(1)).toThrow('Too many writes are waiting');
    large.resize(99);
    expect(() => gate.admit(1)).not.toThrow();
    expect(() => gate.admit(1)).toThrow('Too many writes are waiting');
  });

  it('leaves half of the places to others', () => {
    const gate = createGate({ slots: 2, waiting: 4, waitingBytes: 100 });
    const greedy = [1, 2, 3].map(() => gate.admit(1, 'greedy'));
    expect(() => gate.admit(1, 'greedy')).toThrow('Too many writes with this key');
    expect(() => gate.admit(1, 'other')).not.toThrow();
    greedy[0]?.leave();
    expect(() => gate.admit(1, 'greedy')).not.toThrow();
  });

  it('frees the slot after a failure', async () => {
    const gate = createGate(limits);
    await expect(gate.admit(1).run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.admit(1).run(async () => 'next')).resolves.toBe('next');
  });

  it('skips a request that left while it waited', async () => {
    const gate = createGate(limits);
    const first = pending();
    const running = gate.admit(1).run(() => first.done);
    const gone = gate.admit(1);
    const waited = gone.run(async () => 'ran');
    gone.leave();
    await expect(waited).rejects.toThrow('The client has disconnected');
    first.finish();
    await running;
    await expect(gate.admit(1).run(async () => 'ran')).resolves.toBe('ran');
  });

  it('lets work under way keep its slot when its client leaves', async () => {
    const gate = createGate(limits);
    const first = pending();
    const ticket = gate.admit(1);
    const running = ticket.run(() => first.done);
    ticket.leave();
    let ran = false;
    const second = gate.admit(1).run(async () => {
      ran = true;
    });
    await Promise.resolve();
    expect(ran).toBe(false);
    first.finish();
    await Promise.all([running, second]);
    expect(ran).toBe(true);
  });
});

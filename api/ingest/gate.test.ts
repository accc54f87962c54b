import { createGate, type Gate } from './gate';

/** A request whose body of so many bytes is there. */
function admit(gate: Gate, bytes = 1, client = '') {
  const arrival = gate.arrive(client);
  arrival.resize(bytes);
  const ticket = arrival.admit();
  return { ...ticket, leave: arrival.leave };
}

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
    const a = admit(gate, 1).run(async () => {
      order.push('a');
      await first.done;
    });
    const b = admit(gate, 1).run(async () => void order.push('b'));
    const c = admit(gate, 1).run(async () => void order.push('c'));
    await Promise.resolve();
    expect(order).toEqual(['a']);
    first.finish();
    await Promise.all([a, b, c]);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('refuses more requests than may wait, and takes new ones when some have left', () => {
    const gate = createGate(limits);
    const tickets = [admit(gate, 1), admit(gate, 1), admit(gate, 1)];
    expect(() => admit(gate, 1)).toThrow('Too many writes are waiting');
    tickets[0]?.leave();
    tickets[0]?.leave();
    expect(() => admit(gate, 1)).not.toThrow();
    expect(() => admit(gate, 1)).toThrow('Too many writes are waiting');
  });

  it('refuses more bytes than may wait, but never a request that is alone', () => {
    const gate = createGate(limits);
    const large = gate.arrive();
    large.resize(1_000);
    const small = gate.arrive();
    expect(() => small.resize(1)).toThrow('Too many writes are waiting');
    large.resize(99);
    expect(() => small.resize(1)).not.toThrow();
    expect(() => small.resize(2)).toThrow('Too many writes are waiting');
    large.leave();
    expect(() => small.resize(1_000)).not.toThrow();
  });

  it('gives places to bodies that are there, and none to those that are on their way', () => {
    const gate = createGate(limits);
    const slow = Array.from({ length: 50 }, () => gate.arrive());
    for (const arrival of slow) arrival.resize(1);
    expect(() => admit(gate, 1)).not.toThrow();
    const places = [slow[0], slow[1]].map((arrival) => arrival?.admit());
    expect(places).toHaveLength(2);
    expect(() => slow[2]?.admit()).toThrow('Too many writes are waiting');
    expect(() => gate.arrive()).toThrow('Too many writes are waiting');
    slow[0]?.leave();
    expect(() => slow[2]?.admit()).not.toThrow();
  });

  it('leaves half of the bytes to others', () => {
    const gate = createGate(limits);
    const greedy = [gate.arrive('greedy'), gate.arrive('greedy')];
    greedy[0]?.resize(50);
    expect(() => greedy[1]?.resize(1)).toThrow('Too many writes with this key');
    expect(() => gate.arrive('other').resize(50)).not.toThrow();
  });

  it('leaves half of the places to others', () => {
    const gate = createGate({ slots: 2, waiting: 4, waitingBytes: 100 });
    const greedy = [1, 2, 3].map(() => admit(gate, 1, 'greedy'));
    expect(() => admit(gate, 1, 'greedy')).toThrow('Too many writes with this key');
    expect(() => admit(gate, 1, 'other')).not.toThrow();
    greedy[0]?.leave();
    expect(() => admit(gate, 1, 'greedy')).not.toThrow();
  });

  it('frees the slot after a failure', async () => {
    const gate = createGate(limits);
    await expect(admit(gate, 1).run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(admit(gate, 1).run(async () => 'next')).resolves.toBe('next');
  });

  it('skips a request that left while it waited', async () => {
    const gate = createGate(limits);
    const first = pending();
    const running = admit(gate, 1).run(() => first.done);
    const gone = admit(gate, 1);
    const waited = gone.run(async () => 'ran');
    gone.leave();
    await expect(waited).rejects.toThrow('The client has disconnected');
    first.finish();
    await running;
    await expect(admit(gate, 1).run(async () => 'ran')).resolves.toBe('ran');
  });

  it('lets work under way keep its slot when its client leaves', async () => {
    const gate = createGate(limits);
    const first = pending();
    const ticket = admit(gate, 1);
    const running = ticket.run(() => first.done);
    ticket.leave();
    let ran = false;
    const second = admit(gate, 1).run(async () => {
      ran = true;
    });
    await Promise.resolve();
    expect(ran).toBe(false);
    first.finish();
    await Promise.all([running, second]);
    expect(ran).toBe(true);
  });
});

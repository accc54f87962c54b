// When messages become a batch, and what is left when the consumer stops.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Message } from '../../../api/streams/message';
import type { Delivery, MqttConnection } from './connection';
import { Gathered } from './gathered';

const connection = {} as MqttConnection;
const delivery = (text: string, bytes = 0): Delivery => {
  const value = bytes === 0 ? Buffer.from(text) : Buffer.alloc(bytes);
  const message: Message = {
    ...{ topic: 'a', partition: 0, offset: 0n, timestamp: 0, key: null, headers: [] },
    value,
  };
  return { message, packetId: 1, connection };
};
const texts = (batch: readonly Delivery[] | undefined) => batch?.map(({ message }) => String(message.value));

describe('gathered messages', () => {
  it('become a batch when no more arrive, long before the time is over', async () => {
    const gathered = new Gathered({ rows: 100, ms: 600_000 });
    const next = gathered.next();
    for (const text of ['1', '2', '3']) gathered.add(delivery(text));
    expect(texts(await next)).toEqual(['1', '2', '3']);
  });

  it('become a batch at the number of rows; the others stay for the next one', async () => {
    const gathered = new Gathered({ rows: 2, ms: 600_000 });
    for (const text of ['1', '2', '3']) gathered.add(delivery(text));
    expect(texts(await gathered.next())).toEqual(['1', '2']);
    expect(gathered.count).toBe(3);
    expect(texts(await gathered.next())).toEqual(['3']);
    expect(gathered.count).toBe(1);
  });

  it('become a batch at the time, although more arrive all the time', async () => {
    const gathered = new Gathered({ rows: 1_000_000, ms: 20 });
    gathered.add(delivery('first'));
    let isDone = false;
    const next = gathered.next().finally(() => {
      isDone = true;
    });
    while (!isDone) {
      gathered.add(delivery('more'));
      await nextTurn();
    }
    expect(texts(await next)?.[0]).toBe('first');
  });

  it('are all stored before the end, and none is taken after it', async () => {
    const gathered = new Gathered({ rows: 100, ms: 1_000 });
    gathered.add(delivery('1'));
    gathered.close();
    gathered.add(delivery('2'));
    expect(texts(await gathered.next())).toEqual(['1']);
    expect(await gathered.next()).toBeUndefined();
  });

  it('tell when all of them are stored, or given up', async () => {
    const gathered = new Gathered({ rows: 1, ms: 1_000 });
    await gathered.emptied();
    gathered.add(delivery('1'));
    gathered.add(delivery('2'));
    let isEmpty = false;
    const emptied = gathered.emptied().then(() => {
      isEmpty = true;
    });
    await gathered.next();
    await gathered.next();
    await nextTurn();
    // The second batch is not stored before the next one is asked for.
    expect(isEmpty).toBe(false);
    expect(gathered.abandon()).toBe(1);
    await emptied;
  });

  it('are full by their bytes until a batch of them is taken', async () => {
    const gathered = new Gathered({ rows: 1, ms: 1_000 });
    gathered.add(delivery('', 40 * 1024 * 1024));
    expect(gathered.isFull).toBe(false);
    gathered.add(delivery('', 40 * 1024 * 1024));
    expect(gathered.isFull).toBe(true);
    await gathered.next();
    expect(gathered.isFull).toBe(false);
  });
});

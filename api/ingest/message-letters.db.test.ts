// Messages of brokers that were refused: kept once, listed, and replayed by what is declared for their topic today.
import { float8, jsonb, text, timestamptz } from '../../db/language/columns';
import { hypertable } from '../../db/language/hypertable';
import { schemaSet } from '../../db/language/schema-set';
import { mqttStream, type Stream, stream } from '../../db/language/stream';
import { testServers } from '../../db/local/test-servers';
import { service } from '../../db/schema/service';
import type { Message } from '../streams/message';
import { messageReader } from '../streams/message-reader';
import { storeMessages } from '../streams/store-messages';
import { messageOf } from '../streams/testing/messages';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { isLetterOf } from './store/dead-letters';

const reading = hypertable('plant.reading', {
  columns: {
    time: timestamptz().notNull(),
    sensor_id: text().notNull(),
    value: float8(),
    rest: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [],
});
const map = { sensor_id: 'device.id', value: 'v' } as const;
const declared = [
  stream('plant.readings', reading, { map, timeUnit: 'ms' }),
  mqttStream('plant/{sensor_id}', reading, {
    map: { time: '$timestamp', value: '$value' },
    acceptDuplicates: true,
  }),
];
const plant = schemaSet('plant', [reading], { streams: declared });

describe.each(testServers())('letters of messages on $describe', (server) => {
  const api = forSuite(() => startApi(server, { sets: [plant, service] }));
  const time = Date.now() - 3_600_000;

  beforeEach(() => runSql(api.url, 'DELETE FROM service.dead_letter; DELETE FROM plant.reading'));

  /** Stores messages with a declaration that may be another one than that of the API. */
  const store = (by: Stream, messages: readonly Message[], group = 'g') =>
    storeMessages(
      {
        to: { pool: api.database.writer, engine: () => api.database.engine(), keepsRejected: true },
        table: { name: 'plant.reading', hypertable: reading, aggregates: [], watched: undefined },
        reader: messageReader(by),
        requestId: group,
      },
      messages,
    );
  const wrong = stream('plant.readings', reading, {
    map: { sensor_id: 'device.name', value: 'v' },
    timeUnit: 'ms',
  });
  const good = (n: number, offset: bigint) =>
    messageOf({ time: time + n, device: { id: `s${n}` }, v: n }, { offset });
  const letters = async () => (await api.get('/api/dead-letters')).json().data;
  const replay = async () =>
    (await api.send('POST', '/api/dead-letters/replay', { table: 'plant.reading' })).json();
  const rows = async () =>
    (await api.pool.query('SELECT sensor_id, value FROM plant.reading ORDER BY time, sensor_id')).rows;

  it('are healed by a corrected map', async () => {
    const array = messageOf(
      [
        { time, device: { id: 'a' }, v: 1 },
        { time, device: { id: 'b', name: 'b' } },
      ],
      { offset: 9n },
    );
    expect(await store(wrong, [good(1, 7n), good(2, 8n), array])).toMatchObject({ stored: 0, rejected: 4 });
    expect((await letters()).map(({ reason }: { reason: string }) => reason).sort()).toEqual([
      'no column takes "device.id"',
      'no column takes "device.id"',
      'no column takes "device.id"',
      'no column takes "device.id"',
    ]);
    const [letter] = await letters();
    expect(letter).toMatchObject({ format: 'message', table: 'plant.reading', line: 1, request_id: 'g' });
    expect(JSON.parse(letter.original)).toMatchObject({
      broker: 'kafka',
      topic: 'plant.readings',
      partition: 2,
    });
    expect(await replay()).toMatchObject({
      replayed: 3,
      failed: 1,
      errors: [{ reason: 'no column takes "device.name"' }],
    });
    expect(await rows()).toEqual([
      { sensor_id: 'a', value: 1 },
      { sensor_id: 's1', value: 1 },
      { sensor_id: 's2', value: 2 },
    ]);
    expect(await letters()).toMatchObject([{ line: 2 }]);
  });

  it('are one for each place in the topic and each group, however often it is read', async () => {
    const same = [good(1, 7n), good(1, 8n)];
    for (let n = 0; n < 3; n += 1) await store(wrong, same);
    expect((await letters()).map(({ times }: { times: number }) => times)).toEqual([3, 3]);
    await store(wrong, same, 'another');
    // The topic was made anew: another record at a known offset.
    await store(wrong, [good(5, 7n)]);
    expect(await letters()).toHaveLength(5);
  });

  it('of MQTT are one each, unless the message names its time', async () => {
    const [, mqtt] = declared as [Stream, Stream];
    const hot = messageOf('hot', { topic: 'plant/7', partition: 0, offset: 0n, timestamp: time });
    await store(mqtt, [hot, hot]);
    await store(mqtt, [hot]);
    expect(await letters()).toHaveLength(3);
    const timed = mqttStream('plant/{sensor_id}', reading);
    const at = (ms: number) =>
      messageOf({ time: new Date(time).toISOString(), value: 'x' }, { topic: 'plant/8', timestamp: ms });
    await store(timed, [at(1), at(2)]);
    await store(timed, [at(3)]);
    const own = (await letters()).filter(({ original }: { original: string }) =>
      original.includes('plant/8'),
    );
    expect(own.map(({ times }: { times: number }) => times).sort()).toEqual([1, 2]);
  });

  it('of MQTT are replayed with the time of their receipt', async () => {
    const broken = mqttStream('plant/{sensor_id}', reading, { map: { time: '$timestamp', value: 'v' } });
    await store(broken, [messageOf('21.5', { topic: 'plant/7', timestamp: time })]);
    expect(await replay()).toMatchObject({ replayed: 1, failed: 0 });
    const { rows: stored } = await api.pool.query('SELECT sensor_id, value, time FROM plant.reading');
    expect(stored).toEqual([{ sensor_id: '7', value: 21.5, time: expect.anything() }]);
    expect(new Date(stored[0].time).getTime()).toBe(time);
  });

  it('remain when nothing is declared for their topic, or when they are damaged', async () => {
    const other = stream('other.topic', reading, { others: 'refuse' });
    await store(other, [
      messageOf({ x: 1 }, { topic: 'other.topic' }),
      messageOf({ x: 'y'.repeat(70_000) }, { topic: 'other.topic', offset: 42n }),
    ]);
    const { replayed, errors } = await replay();
    expect(replayed).toBe(0);
    expect(errors.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
      'no table is declared for the topic other.topic; delete the letter, or select the set that declares it',
      expect.stringContaining('could not be kept exactly'),
    ]);
  });

  it('that are kept in part know their record, and not another one that is at its place in a topic made anew', async () => {
    const long = (letter: string): Message =>
      messageOf({ time, device: { id: letter.repeat(70_000) }, v: 1 }, { offset: 7n });
    await store(wrong, [long('x')]);
    await store(wrong, [long('y')]);
    const { rows: kept } = await api.pool.query(
      'SELECT table_name, format, request_id, digest FROM service.dead_letter ORDER BY received_at',
    );
    const isOf = (message: Message) =>
      kept.map((letter) => isLetterOf(letter, { message, broker: 'kafka', line: 1, hasOwnTime: false }));
    expect(kept.map(({ format }) => format)).toEqual(['damaged', 'damaged']);
    expect([isOf(long('x')), isOf(long('y')), isOf(long('z'))]).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
  });
});

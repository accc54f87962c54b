// The clients of InfluxDB 1, InfluxDB 2 and QuestDB for Node.js, unchanged, through a way that loses requests and answers.
import { InfluxDB as InfluxDB2, Point, setLogger, type WriteApi } from '@influxdata/influxdb-client';
import { Sender } from '@questdb/nodejs-client';
import { InfluxDB as InfluxDB1 } from 'influx';
import { ExponentialBackoff } from 'influx/lib/src/backoff/exponential';
import { testServers } from '../../../db/local/test-servers';
import { forSuite } from '../../testing/for-suite';
import { startDoor } from '../testing/unreliable-door';

const ROWS = 100_000;
const BATCH = 5_000;
const START = Date.parse('2026-11-20T00:00:00Z');
const timeOf = (row: number): number => START + row * 1_000;
const temperatureOf = (row: number): number => (row % 1_000) / 10;

setLogger({ error: () => undefined, warn: () => undefined });

// One server is enough for so many rows: the other suites of the doors run on every engine.
describe.each(testServers().slice(-1))('clients of Node.js on $describe', (server) => {
  const door = forSuite(() => startDoor(server));

  /** What is stored of a sensor: each row once has as many times as rows, and the sum of all numbers. */
  const storedOf = async (sensor: string) => {
    const [stored] = await door.rows(
      `SELECT count(*)::int AS rows, count(DISTINCT time)::int AS times, round(sum(temperature))::int AS sum,
              min(time) AS first, max(time) AS last FROM sensor_data WHERE sensor_id = '${sensor}'`,
    );
    return stored;
  };
  const allOnce = {
    rows: ROWS,
    times: ROWS,
    sum: 4_995_000,
    first: '2026-11-20T00:00:00Z',
    last: '2026-11-21T03:46:39Z',
  };
  /** Each client met each of the faults. */
  const metAll = async (work: () => Promise<void>): Promise<void> => {
    const before = { ...door.proxy.fates };
    await work();
    const { lost, unanswered, unavailable } = door.proxy.fates;
    for (const [now, then] of [
      [lost, before.lost],
      [unanswered, before.unanswered],
      [unavailable, before.unavailable],
    ] as const)
      expect(now).toBeGreaterThan(then);
  };

  describe('@influxdata/influxdb-client', () => {
    const client = (url: string, token = door.keys.write) => new InfluxDB2({ url, token, timeout: 60_000 });

    it(`writes ${ROWS} rows exactly once, although requests and answers are lost`, async () => {
      let written = 0;
      let finish: () => void = () => undefined;
      const isWritten = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const api = client(door.proxy.url).getWriteApi('any', 'any', 'ms', {
        batchSize: BATCH,
        flushInterval: 0,
        gzipThreshold: 1_000,
        maxRetries: 20,
        minRetryDelay: 1,
        maxRetryDelay: 20,
        retryJitter: 1,
        maxBufferLines: ROWS,
        writeSuccess: (lines) => {
          written += lines.length;
          if (written >= ROWS) finish();
        },
      });
      await metAll(async () => {
        for (let row = 0; row < ROWS; row += 1) {
          api.writePoint(
            new Point('sensor_data')
              .tag('sensor_id', 'influx-2')
              .floatField('temperature', temperatureOf(row))
              .timestamp(timeOf(row)),
          );
          // What failed is in the client's retry buffer.
          if ((row + 1) % BATCH === 0) await api.flush().catch(() => undefined);
        }
        await isWritten;
        await api.close();
      });
      expect(written).toBe(ROWS);
      expect(await storedOf('influx-2')).toEqual(allOnce);
    });

    it('writes into the table that takes every name', async () => {
      const api = client(door.url).getWriteApi('any', 'any', 'ns', { maxRetries: 0 });
      api.writePoint(
        new Point('system')
          .tag('host', 'a "b", c=d')
          .intField('n_users', 3)
          .stringField('uptime', '1 day\n"2":00')
          .booleanField('ok', true)
          .timestamp('1795176000123456789'),
      );
      await api.close();
      expect(
        await door.rows(
          `SELECT time, name, value, text, labels FROM telemetry.sample WHERE name LIKE 'system%' ORDER BY name`,
        ),
      ).toEqual(
        [
          { name: 'system_n_users', value: 3, text: null },
          { name: 'system_ok', value: 1, text: null },
          { name: 'system_uptime', value: null, text: '1 day\n"2":00' },
        ].map((sample) => ({
          ...sample,
          time: '2026-11-20T12:00:00.123456Z',
          labels: { host: 'a "b", c=d' },
        })),
      );
    });

    const failure = async (api: WriteApi, line: string): Promise<Record<string, unknown>> => {
      api.writeRecord(line);
      return api.close().then(
        () => ({ stored: true }),
        ({ statusCode, code, message, json }) => ({ statusCode, code, message, json }),
      );
    };

    it('shows a wrong key', async () => {
      const api = client(door.url, 'my-token').getWriteApi('o', 'b', 'ns', { maxRetries: 0 });
      expect(await failure(api, 'sensor_data,sensor_id=x temperature=1')).toMatchObject({
        statusCode: 401,
        code: 'unauthorized',
        message: expect.stringContaining('This is not a key'),
      });
    });

    it('shows the line that was refused, and the reason; the other lines are stored', async () => {
      const api = client(door.url).getWriteApi('o', 'b', 's', { maxRetries: 3 });
      const at = START / 1_000;
      expect(
        await failure(
          api,
          `sensor_data,sensor_id=partial temperature=1 ${at}\nsensor_data,sensor_id=partial temperature="warm" ${at}`,
        ),
      ).toMatchObject({
        statusCode: 422,
        code: 'unprocessable entity',
        message: expect.stringMatching(/^partial write: line 2: .*temperature.*; 1 of 2 points/),
        json: { line: 2 },
      });
      expect(await storedOf('partial')).toMatchObject({ rows: 1 });
      const refused = client(door.url).getWriteApi('o', 'b', 's', { maxRetries: 3 });
      expect(await failure(refused, 'nonsense')).toMatchObject({ statusCode: 400, code: 'invalid' });
    });
  });

  describe('influx', () => {
    const hostOf = (url: string) => ({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const client = (url: string, hosts = 1, password = door.keys.write) =>
      new InfluxDB1({
        database: 'any',
        username: 'any',
        password,
        // After a failure the client tries its next host.
        hosts: Array.from({ length: hosts }, () => hostOf(url)),
        pool: {
          maxRetries: 20,
          backoff: new ExponentialBackoff({ initial: 1, max: 20, random: 1 }),
        },
      });

    it('finds the server and may create its database', async () => {
      const influx = client(door.url);
      expect(await influx.ping(60_000)).toMatchObject([{ online: true, version: 'tsdb' }]);
      await expect(influx.createDatabase('any')).resolves.toBeUndefined();
    });

    it(`writes ${ROWS} rows exactly once, although requests and answers are lost`, async () => {
      const influx = client(door.proxy.url, 10);
      await metAll(async () => {
        for (let first = 0; first < ROWS; first += BATCH)
          await influx.writePoints(
            Array.from({ length: BATCH }, (_, at) => ({
              measurement: 'sensor_data',
              tags: { sensor_id: 'influx-1' },
              fields: { temperature: temperatureOf(first + at) },
              timestamp: timeOf(first + at),
            })),
            { precision: 'ms' },
          );
      });
      expect(await storedOf('influx-1')).toEqual(allOnce);
    });

    it.each([
      ['n', '2026-11-20T12:34:56Z'],
      ['u', '2026-11-20T12:34:56Z'],
      ['ms', '2026-11-20T12:34:56Z'],
      ['s', '2026-11-20T12:34:56Z'],
      ['m', '2026-11-20T12:34:00Z'],
      ['h', '2026-11-20T12:00:00Z'],
    ] as const)('writes times with the precision %s', async (precision, first) => {
      await client(door.url).writePoints(
        [
          {
            measurement: 'sensor_data',
            tags: { sensor_id: `precision-${precision}` },
            fields: { temperature: 1 },
            timestamp: new Date('2026-11-20T12:34:56Z'),
          },
        ],
        { precision },
      );
      expect(await storedOf(`precision-${precision}`)).toMatchObject({ rows: 1, first });
    });

    it('shows a wrong key, and the line that was refused with the reason', async () => {
      const write = (influx: InfluxDB1, temperature: unknown) =>
        influx.writePoints([
          { measurement: 'sensor_data', tags: { sensor_id: 'refused' }, fields: { temperature } },
        ]);
      await expect(write(client(door.url, 1, 'wrong'), 1)).rejects.toThrow(
        /^A 401 .*"error":"This is not a key/,
      );
      await expect(write(client(door.url), 'warm')).rejects.toThrow(
        /^A 400 .*"error":"partial write: line 1: .*temperature/,
      );
      expect(await storedOf('refused')).toMatchObject({ rows: 0 });
    });
  });

  describe('@questdb/nodejs-client', () => {
    const sender = (port: number | string, credentials = `token=${door.keys.write}`) =>
      Sender.fromConfig(
        `http::addr=127.0.0.1:${port};${credentials};auto_flush=off;retry_timeout=60000;request_timeout=60000`,
        { log: () => undefined },
      );

    it(`writes ${ROWS} rows exactly once, although requests and answers are lost`, async () => {
      const questdb = await sender(door.proxy.port);
      await metAll(async () => {
        for (let row = 0; row < ROWS; row += 1) {
          await questdb
            .table('sensor_data')
            .symbol('sensor_id', 'questdb')
            .floatColumn('temperature', temperatureOf(row))
            .at(timeOf(row), 'ms');
          if ((row + 1) % BATCH > 0) continue;
          // The client sends again what was answered with 503, but forgets its rows when a connection breaks.
          const isSent = await questdb.flush().catch(() => false);
          if (!isSent) row -= BATCH;
        }
        await questdb.close();
      });
      expect(await storedOf('questdb')).toEqual(allOnce);
    });

    it('writes all kinds of columns', async () => {
      const questdb = await sender(new URL(door.url).port, `username=any;password=${door.keys.write}`);
      await questdb
        .table('trades')
        .symbol('side', 'buy, or\nsell=1')
        .stringColumn('note', 'a "b" \\ c\nd')
        .intColumn('size', 3)
        .booleanColumn('open', false)
        .timestampColumn('seen', 1_795_176_000_123_456n)
        .at(1_795_176_000_123_456n, 'us');
      await questdb.flush();
      await questdb.close();
      const rows = await door.rows(
        `SELECT time, name, value, text, labels FROM telemetry.sample WHERE name LIKE 'trades%' ORDER BY name`,
      );
      const common = { time: '2026-11-20T12:00:00.123456Z', labels: { side: 'buy, or\nsell=1' } };
      expect(rows).toEqual([
        { ...common, name: 'trades_note', value: null, text: 'a "b" \\ c\nd' },
        { ...common, name: 'trades_open', value: 0, text: null },
        { ...common, name: 'trades_seen', value: null, text: '2026-11-20T12:00:00.123456Z' },
        { ...common, name: 'trades_size', value: 3, text: null },
      ]);
    });

    it('shows a wrong key, and the line that was refused with the reason', async () => {
      const write = async (credentials: string, column: string) => {
        const questdb = await sender(new URL(door.url).port, credentials);
        await questdb.table('sensor_data').symbol('sensor_id', 'refused').stringColumn(column, 'x').atNow();
        return questdb.flush();
      };
      await expect(write('token=wrong', 'temperature')).rejects.toThrow(
        /statusCode=401, error=.*This is not a key/,
      );
      await expect(write(`token=${door.keys.write}`, 'nowhere')).rejects.toThrow(
        /statusCode=400, error=.*partial write: line 1: .*nowhere/,
      );
    });
  });
});

// Rows of a program, straight into a table.
import type { Pool } from 'pg';
import { desiredFrom } from '../../db/language/desired';
import { testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot, sensorData } from '../../db/schema/iot';
import { watchedTables } from '../alerts/alert-tables';
import { createPool } from '../database/pool';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { BufferedWriter } from './buffered-writer';
import type { SentValues } from './row-lines';
import type { Rejected } from './sink';
import { tableSink } from './table-sink';

describe.each(testServers())('tableSink on $describe', (server) => {
  const { engine } = server;
  const api = forSuite(() => startApi(server));
  let pool: Pool;
  beforeAll(async () => {
    pool = api.database.writer;
    await runSql(api.url, 'ALTER TABLE sensor_data ADD CONSTRAINT cool CHECK (temperature < 1000)');
  });

  function writerOf(options: Partial<Parameters<typeof tableSink>[0]> = {}) {
    const refused: Rejected<SentValues>[] = [];
    const writer = new BufferedWriter<SentValues>(
      tableSink({ pool, engine, table: sensorData, ...options }),
      {
        onRefused: (rows) => {
          refused.push(...rows);
        },
      },
    );
    return { writer, refused };
  }
  const time = new Date();
  const stored = async (sensor: string) =>
    (
      await api.pool.query(
        'SELECT time, temperature FROM sensor_data WHERE sensor_id = $1 ORDER BY temperature',
        [sensor],
      )
    ).rows;

  it('stores rows with their neighbours out that nobody can store, and says why', async () => {
    const { writer, refused } = writerOf();
    const rows = [1, 2_000, Number.NaN, 3].map((temperature) => ({
      time,
      sensor_id: 'neighbours',
      temperature,
    }));
    const odd = { time, sensor_id: 'neighbours', nope: 1 };
    await writer.writeAll([...rows, odd]);
    expect((await stored('neighbours')).map(({ temperature }) => temperature)).toEqual([1, 3]);
    expect(refused.map(({ row }) => row)).toEqual([rows[2], odd, rows[1]]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      'temperature must be a finite number, got NaN',
      expect.stringContaining('there is no column "nope"'),
      expect.stringContaining('the database refuses it: new row for relation'),
    ]);
    expect(writer.counters()).toMatchObject({ accepted: 5, written: 2, refused: 3, flushes: 1 });
  });

  it('refuses a batch of which the database refuses more than 100 rows, and goes on', async () => {
    const { writer, refused } = writerOf();
    await writer.writeAll(
      Array.from({ length: 150 }, (_, n) => ({ time, sensor_id: 'many', temperature: 1_000 + n })),
    );
    await writer.writeAll([{ time, sensor_id: 'many', temperature: 1 }]);
    expect(refused).toHaveLength(150);
    expect(await stored('many')).toHaveLength(1);
  });

  it('stores a key once for each client, and refuses it for other rows', async () => {
    const rows = [{ time, sensor_id: 'key', temperature: 1 }];
    for (const client of ['a', 'a', 'b']) {
      const { writer } = writerOf({ client });
      await writer.addBatch(rows, 'same');
      await writer.close();
    }
    expect(await stored('key')).toHaveLength(2);
    const { writer } = writerOf({ client: 'a' });
    await writer.addBatch([{ time, sensor_id: 'key', temperature: 2 }], 'same');
    await expect(writer.close()).rejects.toThrow('was used for another body');
    expect(writer.unwritten()).toEqual([{ key: 'same', rows: [{ time, sensor_id: 'key', temperature: 2 }] }]);
  });

  it('names refused rows again when the answer of the first try was lost', async () => {
    const sink = tableSink<SentValues>({ pool, engine, table: sensorData });
    const rows = [
      { time, sensor_id: 'again', temperature: 5_000 },
      { time, sensor_id: 'again', temperature: 1 },
    ];
    const tryIt = (attempt: number) => sink.write(rows, { key: 'again', attempt, signal: undefined });
    const first = await tryIt(1);
    const second = await tryIt(2);
    expect(second).toEqual(first);
    expect(first.map(({ row }) => row)).toEqual([rows[0]]);
    expect(await stored('again')).toHaveLength(1);
  });

  it('keeps the rows while the database takes no writes, and stores each once when it does', async () => {
    const database = new URL(api.url).pathname.slice(1);
    await runSql(server.url, `ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    const fresh = createPool({
      database: { connectionString: api.url },
      size: 1,
      access: 'write',
      statementTimeoutMs: 10_000,
    });
    const { writer, refused } = writerOf({ pool: fresh });
    const written = writer.writeAll([1, 2].map((temperature) => ({ time, sensor_id: 'kept', temperature })));
    await waitFor('a second try', () => writer.counters().retries > 0);
    await runSql(server.url, `ALTER DATABASE ${database} RESET default_transaction_read_only`);
    await written;
    await fresh.end();
    expect(refused).toEqual([]);
    expect((await stored('kept')).map(({ temperature }) => temperature)).toEqual([1, 2]);
  });

  it('raises alerts where it is told to', async () => {
    await api.send('PUT', '/api/thresholds/sensor_data/alert/temperature', { maximum: 30 });
    const watched = watchedTables(desiredFrom([iot])).get('sensor_data');
    const { writer } = writerOf(watched ? { watched } : {});
    await writer.writeAll([{ time, sensor_id: 'alert', temperature: 31 }]);
    expect((await api.get('/api/alerts')).json()).toMatchObject({ count: 1 });
  });
});

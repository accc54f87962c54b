// A question about a part of a table makes the server plan and lock only the chunks of this part, on both engines. Each statement
// that a route sends is planned again in a transaction, which then holds a lock on every chunk that was looked at.
import { Client } from 'pg';
import { testServers } from '../db/local/test-servers';
import { withConnection } from '../db/server/connection';
import { startApi } from './testing/api-under-test';
import { refreshAll, runSql } from './testing/fixture';
import { forSuite } from './testing/for-suite';
import { operationsOf, readDocument } from './testing/openapi';

const DAYS = 150;
/** Those of a day and of what lies around it, of the day that begins, and those that engine `postgres` has made in advance. */
const FEW = 12;
const DAY = 86_400_000;
const ago = (days: number): string => new Date(Date.now() - days * DAY).toISOString();

const SENSOR = '/api/sensors/sensor_001';
const SERIES = '/api/series/sensor_data';
const ONE = `where=sensor_id='sensor_001'`;
const levels = (level: string): readonly string[] =>
  [
    '',
    `?period=1d&to=${ago(70)}`,
    `?from=${ago(70)}&to=${ago(69)}`,
    `?from=${ago(1)}`,
    '?limit=2&order=desc',
  ].map((range) => `${SENSOR}/${level}${range}`);

/** Questions of every operation that reads; a text says why an operation may look at every chunk, or at none. */
const QUESTIONS: Readonly<Record<string, readonly string[] | string>> = {
  live: 'asks no table',
  ready: 'asks no table',
  readyToRead: 'asks no table',
  metrics: 'asks no hypertable',
  tables: 'asks no hypertable',
  table: 'asks no hypertable',
  thresholds: 'asks no hypertable',
  'dead-letters': 'asks no hypertable',
  listKeys: 'asks no hypertable',
  'questdb-settings': 'asks no table',
  jobs: 'asks the catalog',
  aggregates: 'asks the catalog',
  drift: 'asks the catalog',
  chunks: 'asks for the size of every chunk',
  compression: 'asks the catalog',
  sensors: 'any chunk may have the only reading of a sensor',
  'series-keys': 'any chunk may have the only row with a key',
  'sensor-current': [`${SENSOR}/current`],
  'sensor-raw': [...levels('raw'), `${SENSOR}/raw?period=3h`, '/api/sensors/forgotten/raw'],
  'sensor-hourly': levels('hourly'),
  'sensor-daily': levels('daily').filter((address) => address.includes('?')),
  'sensor-monthly': [`${SENSOR}/monthly?period=1m`],
  series: [
    SERIES,
    `${SERIES}?${ONE}&limit=1`,
    `${SERIES}?from=${ago(70)}&to=${ago(69)}`,
    `${SERIES}?field=avg(temperature)&bucket=1h`,
    `${SERIES}?field=avg(temperature)&bucket=1d&tz=Europe/Berlin&period=2d`,
    `${SERIES}?field=p95(temperature)&bucket=5m&fill=linear`,
    `${SERIES}?field=avg(temperature)&bucket=1h&by=sensor_id&top=2`,
    `${SERIES}?field=temperature&downsample=lttb&points=10`,
    `${SERIES}?field=temperature&downsample=minmax&points=10`,
    `${SERIES}?field=rate(temperature),twa(humidity)&bucket=1h&by=sensor_id`,
    `${SERIES}?field=rate(temperature)&bucket=1h&${ONE}&limit=2`,
    `${SERIES}?field=rate(temperature)&bucket=1h&by=sensor_id&top=2`,
    `${SERIES}?field=temperature&where=temperature>1`,
  ],
  'series-latest': [
    `${SERIES}/latest`,
    `${SERIES}/latest?${ONE}`,
    `${SERIES}/latest?by=sensor_id&${ONE}`,
    `${SERIES}/latest?by=sensor_id&where=sensor_id in ["sensor_001","sensor_002"]&where=temperature>1`,
    `${SERIES}/latest?where=temperature>1`,
  ],
  'series-summary': [`${SERIES}/summary?field=temperature&by=sensor_id`],
  'series-moving-average': [
    `${SERIES}/moving-average?field=temperature&window=1h`,
    `${SERIES}/moving-average?field=temperature&window=1d&bucket=1h`,
  ],
  'series-anomalies': [`${SERIES}/anomalies?field=temperature&window=10&by=sensor_id`],
  alerts: ['/api/alerts?period=1d', `/api/alerts?sensor_id=sensor_001&period=1d&to=${ago(70)}&limit=2`],
};

interface Sent {
  readonly text: string;
  readonly values?: unknown[];
}

describe.each(testServers())('planned chunks on $describe', (server) => {
  const api = forSuite(() => startApi(server));

  beforeAll(async () => {
    const tables = ['sensor_data', 'sensor_alerts'];
    if (server.engine !== 'timescaledb')
      for (const table of tables)
        await runSql(
          api.url,
          `SELECT tsdb.ensure_chunks('public', $1, now() - interval '${DAYS} days', now())`,
          [table],
        );
    const times = `generate_series(now() - interval '${DAYS} days', now(), interval '2 hours') t`;
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT t, sensor, extract(hour FROM t), 50, 1000 FROM ${times}, unnest('{sensor_001,sensor_002}'::text[]) sensor`,
    );
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT t, 'forgotten', 1, 50, 1000 FROM ${times} WHERE t < now() - interval '100 days'`,
    );
    await runSql(
      api.url,
      `INSERT INTO sensor_alerts SELECT t, 'sensor_001', 'temperature_high', 'x', 1, 1 FROM ${times}`,
    );
    await refreshAll(api.url);
  });

  /** What the API sends to answer a question: the second time, when it knows what it remembers between requests. */
  const sentFor = async (address: string): Promise<readonly Sent[]> => {
    await api.get(address);
    const sent: Sent[] = [];
    const query = jest.spyOn(Client.prototype, 'query');
    try {
      const { statusCode, body } = await api.get(address);
      expect([address, statusCode, statusCode === 200 ? '' : body]).toEqual([address, 200, '']);
      for (const [first, values] of query.mock.calls as unknown as [string | Sent, unknown[] | undefined][])
        sent.push(typeof first === 'string' ? { text: first, ...(values && { values }) } : first);
    } finally {
      query.mockRestore();
    }
    return sent.filter(({ text }) => /sensor_/.test(text));
  };

  /** How many chunks the server looks at to plan the statement. */
  const plannedChunks = ({ text, values = [] }: Sent): Promise<number> =>
    withConnection(api.url, async (db) => {
      await db.query(`SET timezone = 'UTC'`);
      await db.query('BEGIN');
      await db.query(`EXPLAIN ${text}`, values);
      const { rows } = await db.query<{ chunks: number }>(
        `SELECT count(DISTINCT l.relation)::int AS chunks FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation
           JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'r' WHERE l.pid = pg_backend_pid()`,
      );
      await db.query('ROLLBACK');
      return rows[0]?.chunks ?? 0;
    });

  it('are counted: a question without a range looks at all of them', async () => {
    const text = 'SELECT FROM public.sensor_data ORDER BY time DESC LIMIT 1';
    expect(await plannedChunks({ text })).toBeGreaterThanOrEqual(DAYS);
    const stable = `SELECT FROM public.sensor_data WHERE time >= now() - $1::interval`;
    expect(await plannedChunks({ text: stable, values: ['1 day'] })).toBeGreaterThanOrEqual(DAYS);
  });

  it('has a question of every operation that reads', async () => {
    const reads = operationsOf(await readDocument(api)).filter(({ method }) => method === 'GET');
    const known = reads.map(({ operationId }) => operationId).filter((id) => !id.startsWith('influx'));
    expect(Object.keys(QUESTIONS).sort()).toEqual(known.sort());
  });

  // Engine `postgres` knows the watermark of an aggregate only while it runs a query, so it plans all chunks that may be newer.
  const isAskedHere = (address: string): boolean =>
    server.engine === 'timescaledb' || !/hourly|daily|monthly|forgotten|avg\(|window=1d/.test(address);
  const questions = Object.values(QUESTIONS)
    .flatMap((of) => (typeof of === 'string' ? [] : of))
    .filter(isAskedHere);
  it.each(questions)('are few for %s', async (address) => {
    const sent = await sentFor(address);
    expect(sent.length).toBeGreaterThan(0);
    for (const statement of sent) {
      const chunks = await plannedChunks(statement);
      expect({ [statement.text]: chunks > FEW ? chunks : 'few' }).toEqual({ [statement.text]: 'few' });
    }
  });
});

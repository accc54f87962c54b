// Requests of every operation, by operationId: the first one of each is a plain good one.
import { randomUUID } from 'node:crypto';
import { influxExamples } from '../compat/testing/influx-examples';
import type { Call } from './call';

const good = (...addresses: readonly string[]): Call[] =>
  addresses.map((address) => ({ address, status: 200 }));
const bad = (status: number, ...addresses: readonly string[]): Call[] =>
  addresses.map((address) => ({ address, status }));

const SERIES = '/api/series/sensor_data';
const INGEST = '/api/ingest/sensor_data';
const THRESHOLD = '/api/thresholds/sensor_data/example/temperature';
const SENSOR = '/api/sensors/sensor_001';
const series = (level: string): [Call, ...Call[]] => [
  { address: `${SENSOR}/${level}`, status: 200 },
  ...good(
    `${SENSOR}/${level}?period=10y`,
    `${SENSOR}/${level}?period=10y&limit=2`,
    `${SENSOR}/${level}?from=2020-01-01&to=2020-02-01T00:00:00Z&order=desc`,
    `${SENSOR}/${level}?from=1577836800000&to=1580515200000`,
    `${SENSOR}/${level}?format=csv`,
    `${SENSOR}/${level}?format=ndjson`,
  ),
  ...bad(400, `${SENSOR}/${level}?period=1x`, `${SENSOR}/${level}?from=x`, `${SENSOR}/${level}?limit=0`),
  ...bad(404, `/api/sensors/nobody/${level}`),
];

/** Calls by operationId. */
export const examples: Readonly<Record<string, readonly [Call, ...Call[]]>> = {
  live: [{ address: '/health/live', status: 200 }],
  ready: [{ address: '/health/ready', status: 200 }],
  readyToRead: [{ address: '/health/ready/reads', status: 200 }],
  sensors: [
    { address: '/api/sensors', status: 200 },
    ...good('/api/sensors?limit=1', '/api/sensors?format=csv'),
  ],
  'sensor-current': [
    { address: `${SENSOR}/current`, status: 200 },
    ...bad(404, '/api/sensors/nobody/current'),
  ],
  'sensor-raw': series('raw'),
  'sensor-hourly': series('hourly'),
  'sensor-daily': series('daily'),
  'sensor-monthly': series('monthly'),
  chunks: [
    { address: '/api/operations/chunks', status: 200 },
    ...good('/api/operations/chunks?table=sensor_data&limit=1'),
    ...bad(400, '/api/operations/chunks?limit=0'),
    ...bad(404, '/api/operations/chunks?table=x'),
  ],
  compression: [{ address: '/api/operations/compression', status: 200 }],
  jobs: [{ address: '/api/operations/jobs', status: 200 }],
  aggregates: [{ address: '/api/operations/aggregates', status: 200 }],
  drift: [{ address: '/api/operations/drift', status: 200 }],
  tables: [{ address: '/api/tables', status: 200 }],
  table: [{ address: '/api/tables/sensor_data', status: 200 }, ...bad(404, '/api/tables/nothing')],
  series: [
    { address: '/api/series/sensor_data', status: 200 },
    ...good(
      `${SERIES}?field=avg(temperature),distinct(sensor_id)&by=sensor_id&period=30d`,
      `${SERIES}?field=p95(temperature)&bucket=15m&fill=null&period=1d`,
      `${SERIES}?field=temperature&downsample=lttb&points=20&period=10y`,
      `${SERIES}?field=count&bucket=1d&format=csv&period=10y`,
      `${SERIES}?field=avg(temperature)&bucket=1d&tz=Europe/Berlin&period=10y&fill=null`,
      `${SERIES}?field=rate(humidity),increase(humidity),delta(temperature),twa(pressure)&by=sensor_id&period=30d&top=2:max(temperature)`,
      `${SERIES}?field=count&bucket=1d&from=1577836800000&to=1580515200000`,
      `${SERIES}?limit=3&where=sensor_id=sensor_001&where=temperature>=1`,
      `${SERIES}?limit=3&where=sensor_id='sensor_001' or (temperature is not null and humidity>1)`,
    ),
    ...bad(
      400,
      `${SERIES}?field=avg(nothing)`,
      `${SERIES}?where=x`,
      `${SERIES}?where=sensor_id='x`,
      `${SERIES}?bucket=7x&field=count`,
      `${SERIES}?field=count&tz=nowhere`,
      `${SERIES}?field=count&top=5`,
      `${SERIES}?cursor=x`,
    ),
    ...bad(404, '/api/series/nothing'),
  ],
  'delete-rows': [
    { address: `${SERIES}?from=2020-01-01&to=2020-01-02`, status: 200 },
    ...good(`${SERIES}?from=2020-01-01&to=2030-01-01&where=sensor_id=example&dry_run=true`),
    ...bad(
      400,
      SERIES,
      `${SERIES}?from=2020-01-01`,
      `${SERIES}?from=2020-01-02&to=2020-01-01`,
      `${SERIES}?from=2020-01-01&to=2020-01-02&where=x`,
    ),
    ...bad(404, '/api/series/nothing?from=2020-01-01&to=2020-01-02'),
  ],
  'series-keys': [
    { address: `${SERIES}/keys?by=sensor_id`, status: 200 },
    ...good(`${SERIES}/keys?by=sensor_id&limit=1&format=ndjson`),
    ...bad(400, `${SERIES}/keys`, `${SERIES}/keys?by=time`),
  ],
  'series-latest': [
    { address: `${SERIES}/latest`, status: 200 },
    ...good(`${SERIES}/latest?field=temperature&by=sensor_id`),
    ...bad(400, `${SERIES}/latest?field=avg(temperature)`),
  ],
  'series-moving-average': [
    { address: `${SERIES}/moving-average?field=temperature&window=3h`, status: 200 },
    ...good(
      `${SERIES}/moving-average?field=temperature&window=1d&bucket=1h&by=sensor_id&period=7d`,
      `${SERIES}/moving-average?field=temperature&window=7d&bucket=1d&tz=Europe/Berlin&period=90d`,
    ),
    ...bad(400, `${SERIES}/moving-average?field=temperature`),
  ],
  'series-anomalies': [
    { address: `${SERIES}/anomalies?field=temperature`, status: 200 },
    ...good(`${SERIES}/anomalies?field=temperature&by=sensor_id&window=20&threshold=1&period=30d`),
    ...bad(400, `${SERIES}/anomalies`, `${SERIES}/anomalies?field=sensor_id`),
  ],
  'series-summary': [
    { address: `${SERIES}/summary?field=temperature`, status: 200 },
    ...good(`${SERIES}/summary?field=temperature&by=sensor_id&period=30d&format=csv`),
    ...bad(400, `${SERIES}/summary`),
  ],
  metrics: [{ address: '/metrics', status: 200 }],
  ingest: [
    {
      address: INGEST,
      status: 200,
      body: [{ time: '2026-11-20T10:00:00Z', sensor_id: 'example', temperature: 1 }],
    },
    {
      address: INGEST,
      status: 200,
      body: '{"time":"2026-11-20T10:00:00Z","sensor_id":"example"}\n',
      headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'example' },
    },
    {
      address: `${INGEST}?precision=s`,
      status: 207,
      body: 'sensor_data,sensor_id=example temperature=1 1763632800\nnonsense',
      headers: { 'content-type': 'text/plain' },
    },
    { address: INGEST, status: 422, body: [{ sensor_id: 'example' }] },
    { address: INGEST, status: 400, body: '[', headers: { 'content-type': 'application/json' } },
    { address: INGEST, status: 415, body: 'x', headers: { 'content-type': 'text/html' } },
    { address: '/api/ingest/nothing', status: 404, body: [] },
  ],
  'prometheus-write': [
    {
      address: '/api/v1/write',
      status: 204,
      // A block of snappy with nothing in it.
      body: Buffer.from([0]),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    },
    {
      address: '/api/v1/write',
      status: 400,
      body: Buffer.from([1]),
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    },
    { address: '/api/v1/write', status: 415, body: {} },
  ],
  'otlp-metrics': [
    { address: '/v1/metrics', status: 200, body: { resourceMetrics: [] } },
    {
      address: '/v1/metrics',
      status: 200,
      body: Buffer.alloc(0),
      headers: { 'content-type': 'application/x-protobuf' },
    },
    { address: '/v1/metrics', status: 400, body: { resourceMetrics: 1 } },
    {
      address: '/v1/metrics',
      status: 400,
      body: Buffer.from([1]),
      headers: { 'content-type': 'application/x-protobuf' },
    },
    { address: '/v1/metrics', status: 415, body: 'x', headers: { 'content-type': 'text/plain' } },
  ],
  'dead-letters': [
    { address: '/api/dead-letters', status: 200 },
    ...good('/api/dead-letters?table=sensor_data&limit=1'),
    ...bad(400, '/api/dead-letters?limit=0'),
  ],
  'replay-dead-letters': [
    { address: '/api/dead-letters/replay', status: 200, body: { table: 'sensor_data' } },
    { address: '/api/dead-letters/replay', status: 400, body: {} },
  ],
  'discard-dead-letter': [
    { address: `/api/dead-letters/${randomUUID()}`, status: 404 },
    ...bad(400, '/api/dead-letters/x'),
  ],
  thresholds: [
    { address: '/api/thresholds', status: 200 },
    ...good('/api/thresholds?table=sensor_data&sensor_id=example'),
    ...bad(404, '/api/thresholds?table=nothing'),
  ],
  'set-threshold': [
    { address: THRESHOLD, status: 200, body: { minimum: 1, maximum: 2 } },
    { address: THRESHOLD, status: 400, body: { minimum: 2, maximum: 1 } },
    { address: THRESHOLD, status: 400, body: {} },
  ],
  'drop-threshold': [
    { address: THRESHOLD, status: 204 },
    { address: THRESHOLD, status: 404 },
  ],
  alerts: [
    { address: '/api/alerts', status: 200 },
    ...good('/api/alerts?table=sensor_data&sensor_id=example&period=10y&limit=2', '/api/alerts?format=csv'),
    ...bad(400, '/api/alerts?period=x'),
  ],
  createKey: [
    { address: '/api/keys', status: 201, body: { name: 'example', role: 'read' } },
    { address: '/api/keys', status: 400, body: { name: 'example', role: 'root' } },
  ],
  listKeys: [{ address: '/api/keys', status: 200 }],
  ...influxExamples,
  revokeKey: [{ address: '/api/keys/abcdefghijkl', status: 404 }],
};

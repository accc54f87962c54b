// Requests of every operation, by operationId: the first one of each is a plain good one.

/** A call and the status that it has. */
export interface Call {
  readonly address: string;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

const good = (...addresses: readonly string[]): Call[] =>
  addresses.map((address) => ({ address, status: 200 }));
const bad = (status: number, ...addresses: readonly string[]): Call[] =>
  addresses.map((address) => ({ address, status }));

const SENSOR = '/api/sensors/sensor_001';
const series = (level: string): [Call, ...Call[]] => [
  { address: `${SENSOR}/${level}`, status: 200 },
  ...good(
    `${SENSOR}/${level}?period=10y`,
    `${SENSOR}/${level}?period=10y&limit=2`,
    `${SENSOR}/${level}?from=2020-01-01&to=2020-02-01T00:00:00Z&order=desc`,
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
};

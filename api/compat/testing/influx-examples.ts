// Requests of the operations for clients of InfluxDB and QuestDB, as in `api/testing/examples.ts`.
import type { Call } from '../../testing/call';

const LINE = 'sensor_data,sensor_id=example temperature=1 1763632800';
const text = { 'content-type': 'text/plain; charset=utf-8' };

/** Calls by operationId. */
export const influxExamples: Readonly<Record<string, readonly [Call, ...Call[]]>> = {
  'influx-write': [
    { address: '/api/v2/write?org=o&bucket=b&precision=s', status: 204, body: LINE, headers: text },
    {
      address: '/api/v2/write?precision=s',
      status: 422,
      body: `${LINE}\nsensor_data,sensor_id=example temperature="x" 1763632800`,
      headers: text,
    },
    { address: '/api/v2/write', status: 400, body: 'nonsense', headers: text },
    { address: '/api/v2/write?precision=x', status: 400, body: LINE, headers: text },
  ],
  'influx-1-write': [
    { address: '/write?db=d&precision=s', status: 204, body: LINE, headers: text },
    {
      address: '/write?precision=s',
      status: 400,
      body: `${LINE}\nsensor_data,sensor_id=example temperature="x" 1763632800`,
      headers: text,
    },
  ],
  'influx-ping': [{ address: '/ping', status: 204 }],
  'influx-health': [{ address: '/health', status: 200 }],
  'influx-1-query': [
    { address: '/query?q=CREATE%20DATABASE%20%22d%22', status: 200 },
    {
      address: '/query',
      status: 200,
      body: 'q=CREATE+DATABASE+%22d%22',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    { address: '/query?q=SHOW%20DATABASES', status: 400 },
  ],
  'questdb-settings': [{ address: '/settings', status: 200 }],
};

/** Operations whose clients send parameters that mean nothing here, such as `consistency`. */
export const TAKE_ANY_PARAMETER: readonly string[] = [
  'influx-write',
  'influx-1-write',
  'influx-1-query',
  'influx-ping',
];

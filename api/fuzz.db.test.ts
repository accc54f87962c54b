// Generated requests to every documented operation: whatever comes, no 5xx, no crash, every answer as documented, no
// connection lost.
import fc from 'fast-check';
import { testServers } from '../db/local/test-servers';
import { startApi } from './testing/api-under-test';
import { refreshAll, runSql } from './testing/fixture';
import { forSuite } from './testing/for-suite';
import { faultsOf, type Operation, operationsOf, type Parameter, readDocument } from './testing/openapi';

const RUNS = Number(process.env.TSDB_TEST_FUZZ_RUNS ?? 2_000);
// Fixed, so that a red run can be repeated; another one finds other requests.
const SEED = Number(process.env.TSDB_TEST_FUZZ_SEED ?? 20_261_121);

interface Request {
  /** Its `operationId`. */
  readonly operation: string;
  readonly url: string;
  readonly body?: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

describe.each(testServers())('generated requests on $describe', (server) => {
  const api = forSuite(() =>
    startApi(server, {
      env: { TSDB_SCHEMAS: 'iot,telemetry,service', TSDB_MAX_ROWS: '1000', TSDB_MAX_BODY_BYTES: '20000' },
    }),
  );
  let operations: readonly Operation[];

  beforeAll(async () => {
    operations = operationsOf(await readDocument(api));
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT now() - n * interval '1 hour', 'sensor_001', n % 20, 50, 1000 FROM generate_series(1, 200) n`,
    );
    await refreshAll(api.url);
  });

  it(`answers ${RUNS} of them as documented`, async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests(operations), async ({ operation: id, url, body, headers }) => {
        const operation = operations.find(({ operationId }) => operationId === id) as Operation;
        const answer = await api.app.inject({
          method: operation.method,
          url,
          headers,
          ...(body === undefined ? {} : { payload: body }),
        });
        statuses.set(answer.statusCode, (statuses.get(answer.statusCode) ?? 0) + 1);
        expect([answer.statusCode < 500, answer.body.slice(0, 300)]).toEqual([true, expect.anything()]);
        expect(faultsOf(operation, answer)).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    // A generator that only makes bad requests, or only good ones, would prove little.
    const share = (from: number, to: number): number =>
      [...statuses].reduce((sum, [status, count]) => sum + (status >= from && status < to ? count : 0), 0) /
      RUNS;
    expect([share(200, 300) > 0.1, share(400, 500) > 0.1]).toEqual([true, true]);
  });

  it('has all its connections back', async () => {
    for (const pool of [api.database.reader, api.database.writer, api.database.keys, api.database.probe]) {
      expect([pool.waitingCount, pool.idleCount]).toEqual([0, pool.totalCount]);
    }
    expect((await api.get('/health/ready')).statusCode).toBe(200);
    // Some of the requests delete readings.
    await runSql(api.url, `INSERT INTO sensor_data VALUES (now(), 'sensor_001', 1, 1, 1)`);
    expect((await api.get('/api/sensors')).json().sensors).toEqual(
      expect.arrayContaining([expect.objectContaining({ sensor_id: 'sensor_001' })]),
    );
  });
});

/** Requests to any operation: each part either sensible or anything at all. */
function requests(operations: readonly Operation[]): fc.Arbitrary<Request> {
  return fc.constantFrom(...operations).chain((operation) => {
    const parameters = operation.parameters.filter(({ in: place }) => place !== 'header');
    return fc
      .record({
        values: fc.tuple(...parameters.map((parameter) => parameterValue(parameter))),
        stray: seldom(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }))),
        body: operation.requestBody ? bodyOf(operation) : fc.constant(undefined),
        accept: seldom(fc.constantFrom('text/csv', 'application/json', '*/*', 'image/png', ';;q=')),
        key: fc.option(fc.stringMatching(/^[ -~]{1,20}$/), { freq: 4 }),
      })
      .map(({ values, stray, body, accept, key }) => {
        const given = parameters.map(({ name, in: place }, at) => ({ name, place, value: values[at] }));
        const path = given
          .filter(({ place }) => place === 'path')
          .reduce((text, { name, value }) => text.replace(`{${name}}`, encode(value ?? '')), operation.path);
        const query = given
          .filter(({ place, value }) => place === 'query' && value !== undefined)
          .map(({ name, value }) => `${name}=${encode(value ?? '')}`);
        if (stray) query.push(stray.map(encode).join('='));
        return {
          operation: operation.operationId,
          url: `${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
          body: body?.bytes,
          headers: {
            ...(accept === null ? {} : { accept }),
            ...(body === undefined ? {} : { 'content-type': body.type }),
            ...(body === undefined || key === null ? {} : { 'idempotency-key': key.trim() || 'k' }),
          },
        };
      });
  });
}

// A lone surrogate has no UTF-8 form; clients send the replacement character in its place.
const encode = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

const NASTY = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    "'; DROP TABLE sensor_data; --",
    '\0',
    '%',
    '..',
    '"',
    '\\',
    '-1',
    '1e309',
    'NaN',
    'null',
    '[]',
    '{}',
  ),
  fc.string({ minLength: 300, maxLength: 2_000 }),
);

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 15 }, { arbitrary, weight: 1 });

/** Values that make sense, by parameter. */
const GOOD: Readonly<Record<string, readonly string[]>> = {
  id: ['sensor_001', 'nobody'],
  sensor: ['sensor_001', 'new'],
  sensor_id: ['sensor_001'],
  table: ['sensor_data', 'sensor_alerts'],
  metric: ['temperature', 'humidity'],
  field: [
    'temperature',
    'avg(temperature)',
    'count',
    'p95(pressure)',
    'max(temperature),min(humidity)',
    'increase(humidity),twa(temperature)',
  ],
  tz: ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe'],
  top: ['2', '1:max(temperature)', '3:rate(pressure)'],
  by: ['sensor_id'],
  where: [
    'sensor_id=sensor_001',
    'temperature>5',
    'sensor_id in ["sensor_001","b"]',
    "sensor_id='sensor_001' or (temperature is null and humidity>1)",
  ],
  bucket: ['auto', 'none', '1h', '5m', '1d', '1mo', '1w'],
  period: ['1d', '1w', '10y', '9999y'],
  from: ['2026-11-01', '2026-11-01T00:00:00.123456Z', '1900-01-01', '1793491200000'],
  to: ['2026-11-21', '2026-11-21T00:00:00+02:00', '9999-12-31', '1795176000000'],
  limit: ['1', '10', '1000'],
  points: ['1', '100', '10000'],
  window: ['10', '100', '1h'],
  threshold: ['2', '0'],
  letter: ['00000000-0000-4000-8000-000000000000'],
  key: ['abcdefghijkl'],
  precision: ['ns', 'us', 'ms', 's', 'm', 'h', 'n', 'u'],
  q: ['CREATE DATABASE "d"', 'SHOW DATABASES'],
};

/** Values that nearly make sense, for any parameter: the right one in the wrong place is among them. */
const WRONG = [
  '',
  '0',
  '-1',
  '1.5',
  'x',
  'time',
  'now',
  'a=b',
  'sensor_id in [',
  'avg(sensor_id)',
  '7 parsecs',
  '0s',
  '1e9',
  '0000-01-01',
];

function parameterValue({ name, in: place, required, schema }: Parameter): fc.Arbitrary<string | undefined> {
  const good = schema.enum?.map(String) ?? GOOD[name] ?? [];
  return fc.oneof(
    { arbitrary: good.length > 0 ? fc.constantFrom(...good) : fc.constant('x'), weight: 30 },
    { arbitrary: fc.constantFrom(...WRONG), weight: 2 },
    { arbitrary: NASTY, weight: 2 },
    ...(required || place === 'path' ? [] : [{ arbitrary: fc.constant(undefined), weight: 60 }]),
  );
}

/** Bodies: good rows, rows of anything, and bytes. */
function bodyOf({ requestBody }: Operation): fc.Arbitrary<{ type: string; bytes: Buffer }> {
  const types = fc.oneof(
    { arbitrary: fc.constantFrom(...Object.keys(requestBody?.content ?? {})), weight: 9 },
    { arbitrary: fc.constantFrom('text/html', 'application/octet-stream', 'x'), weight: 1 },
  );
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(1e300, -0, 2 ** 53, 'x'.repeat(60), '\u0000', '\ud800', [1, 2]),
  );
  const row = fc.record(
    {
      time: fc.oneof(fc.constantFrom('2026-11-20T10:00:00Z', '2026-11-20T10:00:00.123456+01:00'), anything),
      sensor_id: fc.oneof(fc.constantFrom('sensor_001', 'fuzz'), anything),
      temperature: fc.oneof(fc.double(), anything),
      minimum: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
      maximum: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)),
      name: fc.string({ minLength: 1, maxLength: 20 }),
      role: fc.constantFrom('read', 'write', 'admin', 'root'),
      ids: fc.array(fc.constantFrom('00000000-0000-4000-8000-000000000000', 'x')),
      'we"ird\u0000': anything,
    },
    { requiredKeys: [] },
  );
  const good = fc.record({
    time: fc.constantFrom('2026-11-20T10:00:00Z', '2026-11-20T10:00:00.123456+01:00'),
    sensor_id: fc.constantFrom('sensor_001', 'fuzz'),
    temperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
  });
  const line = fc.oneof(
    fc.constantFrom(
      'sensor_data,sensor_id=fuzz temperature=21.5,humidity=40 1763632800000000000',
      'sensor_data,sensor_id=fuzz temperature=21i',
      'other value=1',
      'cpu,host=a usage_idle=1.5,state="on\nforged,x=y z=1" 1763632800000000000',
      'sensor_data,sensor_id= temperature=',
      '# comment',
    ),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.oneof(
    fc.oneof(good, row, anything).map((value) => JSON.stringify(value)),
    fc.array(fc.oneof(good, row), { maxLength: 5 }).map((rows) => JSON.stringify(rows)),
    fc
      .array(fc.oneof(good, row, anything), { maxLength: 5 })
      .map((rows) => rows.map((one) => JSON.stringify(one)).join('\n')),
    fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n')),
    fc.string({ unit: 'binary' }),
  );
  const bytes = fc.oneof(
    { arbitrary: text.map((value) => Buffer.from(value)), weight: 8 },
    { arbitrary: fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)), weight: 1 },
    { arbitrary: fc.constant(Buffer.alloc(30_000, '[')), weight: 1 },
  );
  return fc.record({ type: types, bytes });
}

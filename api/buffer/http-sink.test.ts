import { sensorData } from '../../db/schema/iot';
import { httpSink } from './http-sink';
import type { SentValues } from './row-lines';

const time = new Date();
const rows = (count: number): SentValues[] =>
  Array.from({ length: count }, (_, n) => ({ time, sensor_id: 's', temperature: n }));
const sink = httpSink<SentValues>({ url: 'http://api.example:5000', table: sensorData, apiKey: 'secret' });
const delivery = { key: 'k1', attempt: 1, signal: undefined };

describe('httpSink', () => {
  const original = globalThis.fetch;
  let answer: () => Promise<Response>;
  let requests: { url: string; init: RequestInit }[];
  beforeEach(() => {
    requests = [];
    globalThis.fetch = async (url, init) => {
      requests.push({ url: String(url), init: init ?? {} });
      return answer();
    };
  });
  afterEach(() => {
    globalThis.fetch = original;
  });
  const says = (status: number, body: object | string, headers: Record<string, string> = {}) => {
    answer = async () =>
      new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
  };
  const failure = async (): Promise<unknown> =>
    sink.write(rows(1), delivery).then(
      () => undefined,
      (error: unknown) => error,
    );

  it('sends lines with the key of the batch and of the program', async () => {
    says(200, { rejected: 0, errors: [] });
    const large = { ...rows(1)[0], sensor_id: 'x' };
    expect(await sink.write([...rows(1), large], delivery)).toEqual([]);
    expect(requests[0]).toMatchObject({
      url: 'http://api.example:5000/api/ingest/sensor_data',
      init: {
        method: 'POST',
        headers: {
          'content-type': 'application/x-ndjson',
          'idempotency-key': 'k1',
          authorization: 'Bearer secret',
        },
        body: `{"time":"${time.toISOString()}","sensor_id":"s","temperature":0}\n{"time":"${time.toISOString()}","sensor_id":"x","temperature":0}\n`,
      },
    });
  });

  it('names rows that were refused here, and by the server with its lines', async () => {
    says(207, { rejected: 1, errors: [{ line: 2, reason: 'too hot' }] });
    const [first, second, third] = rows(3);
    const odd = { time, nope: 1 };
    const late = { ...third, time: new Date(Number.NaN) };
    const batch = [first, odd, second, late] as SentValues[];
    expect(await sink.write(batch, delivery)).toEqual([
      { row: odd, reason: expect.stringContaining('there is no column "nope"') },
      { row: late, reason: 'time is not a valid time' },
      { row: second, reason: 'too hot' },
    ]);
  });

  it('does not ask the server when no row can be sent', async () => {
    expect(await sink.write([{ nope: 1 }], delivery)).toHaveLength(1);
    expect(requests).toEqual([]);
  });

  it('names all rows of a batch that was refused as a whole', async () => {
    says(422, {
      type: 'urn:tsdb:problem:rows-rejected',
      accepted: 0,
      rejected: 3,
      errors: [{ line: 1, reason: 'no' }],
    });
    const refused = await sink.write(rows(3), delivery);
    expect(refused.map(({ reason }) => reason)).toEqual([
      'no',
      ...Array(2).fill('its whole batch was refused; the last reason given was: no'),
    ]);
  });

  it('stops rather than guess which rows were refused', async () => {
    says(207, { rejected: 2, errors: [{ line: 1, reason: 'no' }] });
    const error = await sink.write(rows(3), delivery).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(
      '1 rows of the batch were stored and 2 refused, of which only 1 are named',
    );
    expect(sink.retryAfter(error)).toBeUndefined();
  });

  it.each<[number, Record<string, string>, number | undefined]>([
    [400, {}, undefined],
    [401, {}, undefined],
    [404, {}, undefined],
    [413, {}, undefined],
    [408, {}, 0],
    [409, {}, 0],
    [429, { 'retry-after': '3' }, 3_000],
    [500, {}, 0],
    [502, {}, 0],
    [503, { 'retry-after': '5' }, 5_000],
    [503, { 'retry-after': '999999' }, 300_000],
    [503, { 'retry-after': 'soon' }, 0],
    [503, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
  ])('after %p with %p comes back in %p ms', async (status, headers, ms) => {
    says(status, { detail: 'the reason' }, headers);
    const error = await failure();
    expect(String(error)).toContain(`the API answered ${status}: the reason`);
    expect(sink.retryAfter(error)).toBe(ms);
  });

  it('tells a problem of the same status from refused rows', async () => {
    says(422, {
      type: 'urn:tsdb:problem:key-reused',
      detail: 'used for another body',
      rejected: 1,
      errors: [],
    });
    const error = await failure();
    expect([String(error), sink.retryAfter(error)]).toEqual([
      'ApiRefusal: the API answered 422: used for another body',
      undefined,
    ]);
  });

  it('does not take for an answer what is none', async () => {
    says(200, '<html>');
    expect(String(await failure())).toContain('the API answered 200: <html>');
  });

  it('comes back when there is no answer, and not after a fault of ours', async () => {
    for (const error of [
      new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }),
      new DOMException('too long', 'TimeoutError'),
    ]) {
      answer = () => Promise.reject(error);
      expect(sink.retryAfter(await failure())).toBe(0);
    }
    expect(sink.retryAfter(new TypeError('x is not a function'))).toBeUndefined();
    expect(sink.retryAfter(null)).toBeUndefined();
  });
});

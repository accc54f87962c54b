// The doors of InfluxDB and QuestDB themselves: keys, units, bodies, and the statuses that make clients send again.
import { gzipSync } from 'node:zlib';
import { testServers } from '../../../db/local/test-servers';
import { BODY_KEY } from '../../../db/schema/service';
import { digestOf } from '../../ingest/read/body';
import { aboutWrite } from '../../ingest/write-request';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { holdKeys } from '../../testing/held-table';
import { startDoor } from '../testing/unreliable-door';

describe.each(testServers())('doors for line protocol on $describe', (server) => {
  const door = forSuite(() => startDoor(server));
  const LINE = 'sensor_data,sensor_id=door temperature=1';

  const write = (path: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${door.url}${path}`, {
      method: 'POST',
      body,
      headers: { authorization: `Token ${door.keys.write}`, ...headers },
    });
  const timesOf = async (sensor: string) =>
    (await door.rows(`SELECT time FROM sensor_data WHERE sensor_id = '${sensor}' ORDER BY time`)).map(
      ({ time }) => time,
    );

  it('take the key in each way that clients know', async () => {
    const { write: key, read } = door.keys;
    const basic = (password: string) => `Basic ${Buffer.from(`any:${password}`).toString('base64')}`;
    const status = async (address: string, authorization?: string) =>
      (
        await fetch(`${door.url}${address}`, {
          method: 'POST',
          body: `${LINE} 1795176000000000000`,
          headers: authorization === undefined ? {} : { authorization },
        })
      ).status;
    for (const address of ['/write?db=d', '/api/v2/write?org=o&bucket=b']) {
      for (const scheme of [`Token ${key}`, `Bearer ${key}`, basic(key)])
        expect([address, scheme, await status(address, scheme)]).toEqual([address, scheme, 204]);
      expect(await status(`${address}&u=any&p=${key}`)).toBe(204);
      expect(await status(address)).toBe(401);
      expect(await status(address, basic('wrong'))).toBe(401);
      expect(await status(address, `Token ${read}`)).toBe(403);
    }
    // One body in three requests to two doors: each door keeps it once for a key.
    expect(await timesOf('door')).toEqual(['2026-11-20T12:00:00Z']);
  });

  it('keep every point of a body that the database refuses as a whole, because clients drop it', async () => {
    const sql = (text: string) => runSql(door.databaseUrl, text);
    await sql('ALTER TABLE sensor_data ADD CONSTRAINT cool CHECK (temperature < 1000)');
    const lines = Array.from(
      { length: 160 },
      (_, n) => `sensor_data,sensor_id=whole temperature=${n < 150 ? 5_000 : n} ${1_795_176_000 + n}`,
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await write('/api/v2/write?precision=s', lines.join('\n'));
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { message: expect.stringContaining('more than 100 rows') },
      ]);
    }
    expect(await timesOf('whole')).toEqual([]);
    const letters = `SELECT count(*)::int AS n, max(times) AS times FROM service.dead_letter WHERE original LIKE '%=whole%'`;
    expect(await door.rows(letters)).toEqual([{ n: 160, times: 1 }]);
    await sql('ALTER TABLE sensor_data DROP CONSTRAINT cool');
    const replayed = await fetch(`${door.url}/api/dead-letters/replay`, {
      method: 'POST',
      body: JSON.stringify({ table: 'sensor_data' }),
      headers: { authorization: `Bearer ${door.keys.write}`, 'content-type': 'application/json' },
    });
    expect(await replayed.json()).toMatchObject({ replayed: 160, failed: 0 });
    expect(await timesOf('whole')).toHaveLength(160);
    // Its answer may have been lost: sent once more, the body is answered as before, and its rows are not stored twice.
    const again = await write('/api/v2/write?precision=s', lines.join('\n'));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([400, 'true']);
    expect(await timesOf('whole')).toHaveLength(160);
  });

  it.each([
    ['ns', '1795176061234567891', '2026-11-20T12:01:01.234567Z'],
    ['n', '1795176061234567891', '2026-11-20T12:01:01.234567Z'],
    ['us', '1795176061234567', '2026-11-20T12:01:01.234567Z'],
    ['u', '1795176061234567', '2026-11-20T12:01:01.234567Z'],
    ['ms', '1795176061234', '2026-11-20T12:01:01.234Z'],
    ['s', '1795176061', '2026-11-20T12:01:01Z'],
    ['m', '29919601', '2026-11-20T12:01:00Z'],
    ['h', '498660', '2026-11-20T12:00:00Z'],
  ])('read times in the unit %s', async (precision, time, stored) => {
    const sensor = `unit-${precision}`;
    const line = `sensor_data,sensor_id=${sensor} temperature=1 ${time}`;
    expect((await write(`/write?precision=${precision}`, line)).status).toBe(204);
    expect(await timesOf(sensor)).toEqual([stored]);
  });

  it('take any content type, none, and gzip', async () => {
    const body = (sensor: string) => `sensor_data,sensor_id=${sensor} temperature=1 1795176000000000000`;
    const send = async (sensor: string, headers: Readonly<Record<string, string>>, packed = false) => {
      const bytes = Buffer.from(body(sensor));
      const answer = await write('/api/v2/write', packed ? gzipSync(bytes) : bytes, headers);
      return [answer.status, await timesOf(sensor)];
    };
    const stored = [204, ['2026-11-20T12:00:00Z']];
    expect(await send('type-none', {})).toEqual(stored);
    expect(await send('type-text', { 'content-type': 'text/plain; charset=utf-8' })).toEqual(stored);
    expect(await send('type-bytes', { 'content-type': 'application/octet-stream' })).toEqual(stored);
    expect(await send('type-form', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual(stored);
    expect(await send('type-json', { 'content-type': 'application/json' })).toEqual(stored);
    expect(await send('packed', { 'content-encoding': 'gzip' }, true)).toEqual(stored);
  });

  it('answer 503 while the same write is under way: after 409 clients would give the points up', async () => {
    const addresses = ['/write', '/api/v2/write'];
    const bodyFor = (address: string) => `sensor_data,sensor_id=${address} temperature=1 1795176000000000000`;
    const send = () => addresses.map((address) => write(address, bodyFor(address)));
    const keys = addresses.map((address) => {
      const digest = digestOf(Buffer.from(bodyFor(address)));
      return `${BODY_KEY}${aboutWrite('line-protocol-ns', 'ns', digest)}`;
    });
    const client = /^tsdb_([^_]+)_/.exec(door.keys.write)?.[1] ?? '';
    const held = await holdKeys(door.databaseUrl, client, keys);
    for (const answer of await Promise.all(send())) {
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.json()).toMatchObject({
        type: 'urn:tsdb:problem:in-progress',
        status: 503,
        code: 'unavailable',
        message: expect.stringContaining('in progress'),
      });
    }
    await held.release();
    for (const _try of [1, 2])
      expect((await Promise.all(send())).map(({ status }) => status)).toEqual([204, 204]);
    for (const address of addresses) expect(await timesOf(address)).toEqual(['2026-11-20T12:00:00Z']);
  });
});

describe('a key that sends too many requests', () => {
  const door = forSuite(() =>
    startDoor(testServers('postgres')[0] ?? (testServers()[0] as never), { env: { TSDB_RATE_LIMIT: '1' } }),
  );

  it('is answered with a status after which its client sends again: 503 from InfluxDB 1, 429 from InfluxDB 2', async () => {
    const status = async (address: string) => {
      const { status: code, headers } = await fetch(`${door.url}${address}`, {
        method: 'POST',
        body: 'sensor_data,sensor_id=many temperature=1 1795176000000000000',
        headers: { authorization: `Token ${door.keys.write}` },
      });
      return [code, Number(headers.get('retry-after')) > 5];
    };
    expect(await status('/write')).toEqual([204, false]);
    expect(await status('/write')).toEqual([503, true]);
    expect(await status('/api/v2/write')).toEqual([429, true]);
  });
});

// A database that takes no writes: a hot standby, and one whose operator has set default_transaction_read_only.
import { embeddedBinaries, findTimescaleBinaries } from '../../db/local/binaries';
import { testServers } from '../../db/local/test-servers';
import { type ServerPair, startPair } from '../../db/local/testing/standby';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { type ApiUnderTest, startApi, startBeside } from '../testing/api-under-test';
import { fixture } from '../testing/fixture';

const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];

const reading = (sensor: string) => ({ time: new Date().toISOString(), sensor_id: sensor, temperature: 21 });
const ingest = (api: ApiUnderTest, ...sensors: readonly string[]) =>
  api.send('POST', '/api/ingest/sensor_data', sensors.map(reading));
const COUNT = 'SELECT count(*)::int AS rows FROM public.sensor_data';
const READ_ONLY = { type: 'urn:tsdb:problem:database-read-only', status: 503 };

async function metric(api: ApiUnderTest, line: RegExp): Promise<readonly string[]> {
  return (await api.get('/metrics')).body.split('\n').filter((text) => line.test(text));
}

describe.each(flavours)('a hot standby of $flavour', (binaries) => {
  let pair: ServerPair;
  let onPrimary: ApiUnderTest;
  let api: ApiUnderTest;
  beforeAll(async () => {
    pair = await startPair(binaries, (url) => fixture().build(url));
    onPrimary = startBeside({ url: pair.primary.url }, {});
    api = startBeside({ url: pair.standby.url }, {});
  });
  afterAll(async () => {
    await onPrimary.stop();
    await api.stop();
    await pair.stop();
  });

  it('serves reads of what the primary stored', async () => {
    expect((await ingest(onPrimary, 'a', 'b', 'c')).json()).toMatchObject({ accepted: 3, rejected: 0 });
    await waitFor(
      'the rows on the standby',
      async () => (await select<{ rows: number }>(pair.standby.url, COUNT))[0]?.rows === 3,
    );
    expect((await api.get('/api/sensors/a/raw')).json()).toMatchObject({ count: 1 });
  });

  it('refuses every write with one problem, and stores nothing', async () => {
    const writes = [
      ingest(api, 'd'),
      api.send('PUT', '/api/thresholds/sensor_data/a/temperature', { maximum: 30 }),
      api.send('POST', '/api/keys', { name: 'me', role: 'read' }),
    ];
    for (const answer of await Promise.all(writes)) {
      expect(answer.json()).toMatchObject(READ_ONLY);
      expect(answer.headers['retry-after']).toBe('5');
    }
    // Small writes at the same time share a transaction.
    const many = await Promise.all(Array.from({ length: 20 }, (_, at) => ingest(api, `many${at}`)));
    expect(new Set(many.map((answer) => answer.json().type))).toEqual(new Set([READ_ONLY.type]));
    expect(await select(pair.primary.url, COUNT)).toEqual([{ rows: 3 }]);
  });

  it('is not ready for writes, but for reads, and says so in the metrics', async () => {
    const ready = await api.get('/health/ready');
    expect([ready.statusCode, ready.json()]).toMatchObject([
      503,
      {
        type: 'urn:tsdb:problem:not-ready',
        reason: 'database-read-only',
        detail: 'the server is a hot standby, which takes no writes; use the address of its primary server',
      },
    ]);
    const reads = await api.get('/health/ready/reads');
    expect([reads.statusCode, reads.json()]).toEqual([
      200,
      { status: 'ready', writes: 'refused', reason: ready.json().detail },
    ]);
    expect(await metric(api, /^tsdb_database_trouble\{/)).toEqual([
      'tsdb_database_trouble{problem="database-restoring"} 0',
      'tsdb_database_trouble{problem="database-read-only"} 1',
      'tsdb_database_trouble{problem="database-full"} 0',
    ]);
    expect(await metric(api, /^tsdb_problems_total\{problem="database-read-only"\} 23$/)).toHaveLength(1);
  });

  it('compares the schema only as long as the server need not print what is declared', async () => {
    expect((await api.get('/api/operations/drift')).statusCode).toBe(200);
    await execute(pair.primary.url, 'DELETE FROM tsdb.spelling');
    await waitFor(
      'the deletion',
      async () => (await select(pair.standby.url, 'SELECT FROM tsdb.spelling')).length === 0,
    );
    // The answer is kept for a while, so another process is asked.
    const other = startBeside({ url: pair.standby.url }, {});
    const answer = await other.get('/api/operations/drift');
    await other.stop();
    expect(answer.json()).toMatchObject({
      status: 503,
      detail: expect.stringMatching(/^the server is a hot standby/),
    });
  });

  it('serves writes as soon as it is promoted', async () => {
    await select(pair.standby.url, 'SELECT pg_promote()');
    await waitFor('readiness', async () => (await api.get('/health/ready')).statusCode === 200);
    expect((await ingest(api, 'e', 'f')).json()).toMatchObject({ accepted: 2 });
    expect(await select(pair.standby.url, COUNT)).toEqual([{ rows: 5 }]);
    expect((await api.get('/health/ready/reads')).json()).toEqual({ status: 'ready', writes: 'served' });
    expect(await metric(api, /^tsdb_database_trouble\{problem="database-read-only"\}/)).toEqual([
      'tsdb_database_trouble{problem="database-read-only"} 0',
    ]);
  });
});

describe.each(testServers())('default_transaction_read_only on $describe', (server) => {
  let api: ApiUnderTest;
  const set = async (how: string) => {
    const name = new URL(api.url).pathname.slice(1);
    await execute(server.url, `ALTER DATABASE ${name} ${how}`);
  };
  beforeAll(async () => {
    api = await startApi(server);
  });
  afterAll(() => api.stop());

  it('is respected, and its end too', async () => {
    await set('SET default_transaction_read_only = on');
    expect((await ingest(api, 'a')).json()).toMatchObject(READ_ONLY);
    expect(await select(api.url, COUNT)).toEqual([{ rows: 0 }]);
    expect((await api.get('/health/ready')).json()).toMatchObject({
      reason: 'database-read-only',
      detail: expect.stringContaining('because default_transaction_read_only is on'),
    });
    expect((await api.get('/api/sensors')).statusCode).toBe(200);
    await set('RESET default_transaction_read_only');
    // The connection that was refused is replaced at once, that of the probe within five seconds.
    expect((await ingest(api, 'a')).json()).toMatchObject({ accepted: 1 });
    await waitFor('readiness', async () => (await api.get('/health/ready')).statusCode === 200);
    expect(await select(api.url, COUNT)).toEqual([{ rows: 1 }]);
  });

  it('turns readiness red while the API runs', async () => {
    expect((await api.get('/health/ready')).statusCode).toBe(200);
    await set('SET default_transaction_read_only = on');
    await waitFor('the probe', async () => (await api.get('/health/ready')).statusCode === 503);
    await set('RESET default_transaction_read_only');
  });
});

// The primary is lost, and a standby takes over: an address with both hosts leads to the new one, without a restart.
import { embeddedBinaries } from '../../db/local/binaries';
import type { Cluster } from '../../db/local/cluster';
import { type ServerGroup, startStandbys } from '../../db/local/testing/standby';
import { waitFor } from '../../db/local/testing/wait';
import { withConnection } from '../../db/server/connection';
import { readDatabaseAddress } from '../../db/server/database-address';
import { select } from '../../db/testing/apply';
import { type ApiUnderTest, startBeside } from '../testing/api-under-test';
import { fixture } from '../testing/fixture';

const WHERE = 'SELECT inet_server_port() AS port, pg_is_in_recovery() AS standby';
const reading = (sensor: string) => ({ time: new Date().toISOString(), sensor_id: sensor, temperature: 21 });

describe('an address with two hosts', () => {
  let group: ServerGroup;
  let api: ApiUnderTest;
  let url: string;
  const standby = (): Cluster => group.standbys[0] as Cluster;
  beforeAll(async () => {
    group = await startStandbys({
      binaries: embeddedBinaries(),
      fill: (place) => fixture().build(place),
      count: 1,
    });
    // The standby comes first.
    const { password, pathname } = new URL(group.primary.url);
    url = `postgres://postgres:${password}@127.0.0.1:${standby().port},127.0.0.1:${group.primary.port}${pathname}`;
    api = startBeside({ url }, {});
  });
  afterAll(async () => {
    await api?.stop();
    await group?.stop();
  });
  const ingest = (sensor: string) => api.send('POST', '/api/ingest/sensor_data', [reading(sensor)]);
  const where = async (): Promise<unknown> =>
    withConnection(
      { ...readDatabaseAddress({ DATABASE_URL: url }, []) },
      async (db) => (await db.query(WHERE)).rows[0],
    );

  it('leads to the one that takes writes', async () => {
    expect((await ingest('a')).json()).toMatchObject({ accepted: 1 });
    expect((await api.get('/health/ready')).statusCode).toBe(200);
    const expected = { port: group.primary.port, standby: false };
    expect((await api.database.reader.query(WHERE)).rows).toEqual([expected]);
    expect(await where()).toEqual(expected);
    await waitFor(
      'the row on the standby',
      async () => (await select(standby().url, 'SELECT FROM public.sensor_data')).length === 1,
    );
  });

  it('leads to the other one after it has taken over', async () => {
    await group.primary.stop();
    expect((await ingest('b')).statusCode).toBe(503);
    await expect(where()).rejects.toThrow(
      /none of the 2 hosts takes writes: .* is a standby; .*ECONNREFUSED/,
    );
    await select(standby().url, 'SELECT pg_promote()');
    await waitFor('a write', async () => (await ingest('b')).statusCode === 200);
    await waitFor('readiness', async () => (await api.get('/health/ready')).statusCode === 200);
    const expected = { port: standby().port, standby: false };
    expect((await api.database.reader.query(WHERE)).rows).toEqual([expected]);
    expect(await where()).toEqual(expected);
    const rows = await select(standby().url, 'SELECT sensor_id FROM public.sensor_data ORDER BY 1');
    expect(rows).toEqual([{ sensor_id: 'a' }, { sensor_id: 'b' }]);
  });
});

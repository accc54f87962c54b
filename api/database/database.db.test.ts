// The API outlives its database server: stopped and started again under its feet, with keys switched on.
import { embeddedBinaries, findTimescaleBinaries } from '../../db/local/binaries';
import { startCluster } from '../../db/local/cluster';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { asking } from '../../db/server/ask';
import { createKey } from '../access/keys';
import { readConfig } from '../config';
import { startServer } from '../server';
import { fixture } from '../testing/fixture';
import { openDatabase } from './database';

const timescale = findTimescaleBinaries(process.env);
const flavours = timescale === undefined ? [embeddedBinaries()] : [embeddedBinaries(), timescale];

describe.each(flavours)('a restart of the server $flavour', (binaries) => {
  it('is survived without a restart of the API', async () => {
    const folder = temporaryFolder();
    const first = await startCluster({ binaries, folder, durable: true });
    await fixture().build(first.url);
    const config = readConfig({
      DATABASE_URL: first.url,
      PORT: '0',
      LOG_LEVEL: 'silent',
      TSDB_API_AUTH: 'keys',
    });
    const database = openDatabase(config);
    const { key } = await createKey(asking(database.keys), { name: 'test', role: 'read' });
    await database.end();
    const running = await startServer(config, { signals: 'ignore' });
    const ask = async (path: string): Promise<number> =>
      (await fetch(running.url + path, { headers: { authorization: `Bearer ${key}` } })).status;
    const statuses = () => Promise.all(['/health/live', '/health/ready', '/api/sensors'].map(ask));

    const before = await statuses();
    await first.stop();
    // A good answer of the probe is shared for half a second.
    await waitFor('the probe asks again', async () => (await ask('/health/ready')) !== 200);
    const during = await statuses();
    const second = await startCluster({ binaries, folder, durable: true, port: first.port });
    // All pools had connections that are dead now.
    const after = [await statuses(), await statuses()];
    await running.close();
    await second.stop();
    removeFolder(folder);

    expect(second.port).toBe(first.port);
    expect(before).toEqual([200, 200, 200]);
    expect(during).toEqual([200, 503, 503]);
    expect(after).toEqual([
      [200, 200, 200],
      [200, 200, 200],
    ]);
  });
});

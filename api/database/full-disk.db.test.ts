// A full disk under the rows of a table: a tablespace on a small file system in memory.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot, serverUser } from '../../db/local/system-user';
import { type TestServer, testServers } from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { type ApiUnderTest, startApi } from '../testing/api-under-test';
import { FULL_FOR_MS } from './server-state';

const MIB = 1024 * 1024;
const COUNT = 'SELECT count(*)::int AS rows FROM public.sensor_data';

/** A file system of 8 MiB that belongs to the user of the servers; undefined where none can be made. */
function smallFileSystem(): { readonly folder: string; remove(): void } | undefined {
  const user = isRoot() ? serverUser() : undefined;
  if (user === undefined || process.platform !== 'linux') return undefined;
  const place = temporaryFolder();
  const folder = join(place, 'small');
  mkdirSync(folder);
  const options = `size=8m,mode=0700,uid=${user.uid},gid=${user.gid}`;
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
  const remove = (): void => {
    if (mounted) spawnSync('umount', [folder]);
    removeFolder(place);
  };
  if (mounted) return { folder, remove };
  remove();
  return undefined;
}

const small = smallFileSystem();
const isHere = ({ url }: TestServer): boolean => new URL(url).hostname === '127.0.0.1';
const servers = testServers().filter(isHere);
const reason =
  small && servers.length > 0
    ? undefined
    : 'no small file system can be mounted for a server of this machine';
afterAll(() => small?.remove());

describeUnless(reason, 'a full disk', () => {
  it.each(servers)('is told as such on $describe, and stores nothing or all', async (server) => {
    const api = await startApi(server);
    const tablespace = `small_${process.pid}_${server.engine}`;
    const folder = join(small?.folder ?? '', server.engine);
    spawnSync('install', ['-d', '-o', String(serverUser()?.uid), folder]);
    await execute(server.url, `CREATE TABLESPACE ${tablespace} LOCATION '${folder}'`);
    expect((await ingest(api, 1)).json()).toMatchObject({ accepted: 1 });
    for (const { chunk } of await select<{ chunk: string }>(api.url, CHUNKS))
      await execute(api.url, `ALTER TABLE ${chunk} SET TABLESPACE ${tablespace}`);
    const ballast = join(small?.folder ?? '', 'ballast');
    fill(ballast);

    const refused = await ingest(api, 3_000);
    expect(refused.json()).toMatchObject({ type: 'urn:tsdb:problem:database-full', status: 503 });
    expect(refused.headers['retry-after']).toBe('5');
    expect(await select(api.url, COUNT)).toEqual([{ rows: 1 }]);
    expect((await api.get('/health/ready')).json()).toMatchObject({ reason: 'database-full' });
    const reads = await api.get('/health/ready/reads');
    expect([reads.statusCode, reads.json()]).toMatchObject([200, { status: 'ready', writes: 'refused' }]);
    expect((await api.get('/api/sensors')).statusCode).toBe(200);
    const metrics = (await api.get('/metrics')).body;
    expect(metrics).toContain('tsdb_database_trouble{problem="database-full"} 1\n');
    expect(metrics).toContain('tsdb_problems_total{problem="database-full"} 1\n');

    rmSync(ballast);
    expect((await ingest(api, 3_000)).json()).toMatchObject({ accepted: 3_000 });
    expect(await select(api.url, COUNT)).toEqual([{ rows: 3_001 }]);
    await waitFor('readiness', async () => (await api.get('/health/ready')).statusCode === 200, {
      atMostMs: FULL_FOR_MS + 5_000,
    });
    await api.stop();
    await execute(server.url, `DROP TABLESPACE ${tablespace}`);
  });
});

const CHUNKS = `SELECT relid::regclass::text AS chunk FROM pg_partition_tree('public.sensor_data') WHERE isleaf AND relid <> 'public.sensor_data'::regclass
  UNION SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'public.sensor_data'::regclass`;

const ingest = (api: ApiUnderTest, rows: number) =>
  api.send(
    'POST',
    '/api/ingest/sensor_data',
    Array.from({ length: rows }, (_, at) => ({
      time: new Date(Date.now() - at).toISOString(),
      sensor_id: `sensor_${at}`,
      temperature: at,
    })),
  );

/** Writes until nothing more fits. */
function fill(file: string): void {
  for (const size of [MIB, 4_096])
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
}

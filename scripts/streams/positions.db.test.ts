// The outbox on real servers.
import { Pool } from 'pg';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { service } from '../../db/schema/service';
import { applied, execute } from '../../db/testing/apply';
import { deleteFromOutbox, readOutbox } from './positions';

describe.each(testServers())('the outbox on $describe', (server) => {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await createTestDatabase(server, applied([service]));
    pool = new Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await pool?.end();
    await database?.drop();
  });

  it('is read page by page in the order of offsets as numbers', async () => {
    const of = { group: 'group', topic: 'topic', partition: 0 };
    const offsets = [1_000, 9, 10, 100, 99, 1];
    await execute(
      database.url,
      `INSERT INTO service.stream_outbox (consumer_group, topic, partition, record_offset, reason, record_time, headers)
       SELECT 'group', 'topic', 0, n, 'reason', now(), '[]' FROM unnest(ARRAY[${offsets}]) n`,
    );
    const pages: number[][] = [];
    for (;;) {
      const page = (await readOutbox(pool, of, 2)).map(({ offset }) => offset);
      const last = page.at(-1);
      if (last === undefined) break;
      pages.push(page.map(Number));
      await deleteFromOutbox(pool, of, last + 1n);
    }
    expect(pages).toEqual([
      [1, 9],
      [10, 99],
      [100, 1_000],
    ]);
  });
});

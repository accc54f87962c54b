// What a consumer of a stream does with its database, behind a pooler in transaction mode: positions, rows and the outbox.
import { openDatabase } from '../../api/database/database';
import { onWriteConnection } from '../../api/database/write-connection';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { service } from '../../db/schema/service';
import { withTransaction } from '../../db/server/connection';
import { applied, select } from '../../db/testing/apply';
import { findPgBouncer, type PgBouncer, startPgBouncer } from '../../db/testing/load-pgbouncer';
import { onceAt, PositionMoved, readPosition } from './positions';

const program = findPgBouncer();
const OF = { group: 'g', topic: 't', partition: 0 };

describeUnless(program === undefined ? 'pgbouncer is not installed' : undefined, 'behind PgBouncer', () => {
  let database: TestDatabase;
  let pooler: PgBouncer;
  beforeAll(async () => {
    database = await createTestDatabase(testServers('postgres')[0] as { url: string }, applied([service]));
    const settings = { pool_mode: 'transaction', default_pool_size: 2 };
    pooler = await startPgBouncer(program as string, database.url, settings);
  });
  afterAll(async () => {
    await pooler?.stop();
    await database?.drop();
  });

  it('two consumers of one partition never both move its position', async () => {
    const consumers = [1, 2].map(() =>
      openDatabase({
        ...{ database: { connectionString: pooler.url }, poolSize: 1, writePoolSize: 3 },
        statementTimeoutMs: 30_000,
      }),
    );
    const last = { ...OF, offset: 0n, timestamp: 0, key: null, value: null, headers: [] };
    const move = async (consumer: (typeof consumers)[number], from: bigint | undefined, to: bigint) => {
      const { claim } = onceAt({ of: OF, from, to, last: last as never, toTopic: false });
      return onWriteConnection(consumer.writer, (db) => withTransaction(db, () => claim(db))).then(
        () => 'moved',
        (error: unknown) => (error instanceof PositionMoved ? 'lost' : String(error)),
      );
    };
    for (let at = 0n; at < 20n; at += 1n) {
      const from = at === 0n ? undefined : at;
      const results = await Promise.all(consumers.map((consumer) => move(consumer, from, at + 1n)));
      expect(results.sort()).toEqual(['lost', 'moved']);
      const position = await readPosition((consumers[0] as (typeof consumers)[number]).writer, OF);
      expect(position?.nextOffset).toBe(at + 1n);
    }
    await Promise.all(consumers.map((consumer) => consumer.end()));
    expect(await select(database.url, 'SELECT next_offset::int AS next FROM service.stream_offset')).toEqual([
      { next: 20 },
    ]);
  });
});

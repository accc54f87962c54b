// Savepoints and refused rows on real servers: what is undone, what stays, and what a failed COPY says.
import type { Client } from 'pg';
import { createTestDatabase, describeOn, type TestDatabase } from '../local/test-servers';
import { withConnection, withTransaction } from './connection';
import { copyText } from './copy';
import { refusedRows } from './refused-rows';
import { withSavepoint, withSavepointRollback } from './savepoint';

describeOn('any', 'savepoints', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server);
  });
  afterAll(() => database.drop());

  const inTransaction = <T>(work: (db: Client) => Promise<T>): Promise<T> =>
    withConnection(database.url, async (db) => {
      await db.query('CREATE TEMP TABLE number (n int PRIMARY KEY CHECK (n < 1000))');
      return withTransaction(db, () => work(db));
    });
  const insert = (db: Client, n: number) => db.query('INSERT INTO number VALUES ($1)', [n]);
  const numbers = async (db: Client): Promise<readonly number[]> =>
    (await db.query<{ n: number }>('SELECT n FROM number ORDER BY 1')).rows.map(({ n }) => n);

  it('undo what failed, also one inside the other, and keep the rest', () =>
    inTransaction(async (db) => {
      await insert(db, 1);
      const outer = withSavepoint(db, async () => {
        await insert(db, 2);
        await expect(withSavepoint(db, () => insert(db, 1))).rejects.toThrow('duplicate key');
        await withSavepoint(db, () => insert(db, 3));
        return 'done';
      });
      await expect(outer).resolves.toBe('done');
      const failing = withSavepoint(db, async () => {
        await insert(db, 4);
        await withSavepoint(db, () => insert(db, 5));
        await insert(db, 1);
      });
      await expect(failing).rejects.toThrow('duplicate key');
      expect(await numbers(db)).toEqual([1, 2, 3]);
    }));

  it('undo everything where asked, with settings', () =>
    inTransaction(async (db) => {
      const limit = async () => (await db.query('SHOW statement_timeout')).rows;
      const before = await limit();
      const count = await withSavepointRollback(db, async () => {
        await db.query(`SET LOCAL statement_timeout = '1s'`);
        await insert(db, 1);
        return (await numbers(db)).length;
      });
      expect(count).toBe(1);
      await expect(withSavepointRollback(db, () => insert(db, 1_000))).rejects.toThrow('check constraint');
      expect(await numbers(db)).toEqual([]);
      expect(await limit()).toEqual(before);
    }));

  it('let the good rows of a COPY in, and tell the others with their errors', () =>
    inTransaction(async (db) => {
      const rows = [...Array.from({ length: 700 }, (_, n) => String(n)), 'x', '5', '', '1000', '999'];
      const refused: string[] = [];
      const copy = (part: readonly string[]) =>
        copyText(
          db,
          'number',
          ['n'],
          part.map((row) => `${row}\n`),
        );
      for await (const { row, error } of refusedRows(db, rows, copy))
        refused.push(`${row}: ${error.message}`);
      expect(refused).toEqual([
        'x: invalid input syntax for type integer: "x"',
        expect.stringContaining('5: duplicate key'),
        ': invalid input syntax for type integer: ""',
        expect.stringContaining('1000: new row for relation "number" violates check constraint'),
      ]);
      expect(await numbers(db)).toEqual([...Array.from({ length: 700 }, (_, n) => n), 999]);
    }));

  it('throw what is not about rows', () =>
    inTransaction(async (db) => {
      const all = async () => {
        for await (const _ of refusedRows(db, [1], () => db.query('SELECT FROM nowhere')));
      };
      await expect(all()).rejects.toThrow('does not exist');
      expect(await numbers(db)).toEqual([]);
    }));
});

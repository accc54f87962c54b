// The PgBouncer of a deployment: its configuration and its command with the real program, in front of a real server.
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { findTimescaleBinaries } from '../db/local/binaries';
import type { TestDatabase } from '../db/local/test-servers';
import { describeUnless } from '../db/local/testing/needs';
import { waitFor } from '../db/local/testing/wait';
import { select } from '../db/testing/apply';
import { POOLER_COMMAND, POOLER_FILES, POOLER_READY, poolerConfiguration } from '../infra/core/pooler';
import { type LoginServer, loginEngines, startLoginServer } from './testing/login-servers';
import { missingPooler, type Pooler, startPooler } from './testing/pooler';

/** What a vault may hold: each of these characters means something to a shell, to a file of PgBouncer or to SCRAM. */
const PASSWORD = `it's "quoted" $x \\ :y%é`;
const SIZE = 2;

const pgBin = findTimescaleBinaries(process.env)?.binDir ?? '';
const missing = pgBin === '' ? 'no TimescaleDB' : missingPooler();

describeUnless(missing, 'the pooler of a deployment', () => {
  let server: LoginServer;
  let database: TestDatabase;
  let pooler: Pooler;
  let clients: Client[] = [];

  beforeAll(async () => {
    server = await startLoginServer(loginEngines[0] ?? 'postgres');
    database = await server.createDatabase();
    await select(database.url, `CREATE ROLE tsdb_app LOGIN PASSWORD ${literal(PASSWORD)}`);
    await select(
      database.url,
      'CREATE TABLE public.reading (n int); GRANT ALL ON public.reading TO tsdb_app',
    );
    pooler = await start('pooler', `${PASSWORD}\n`);
    await pooler.until('an answer', async () => pooler.isReady());
  });
  afterEach(async () => {
    for (const client of clients) await client.end();
    clients = [];
  });
  afterAll(async () => {
    await pooler?.stop();
    await database?.drop();
    await server?.stop();
  });

  const start = (name: string, password: string): Promise<Pooler> =>
    startPooler({
      container: {
        files: POOLER_FILES,
        configuration: (host) => poolerConfiguration(host, SIZE),
        command: POOLER_COMMAND,
        ready: POOLER_READY,
      },
      folder: join(server.place, name),
      server: new URL(database.url),
      database: new URL(database.url).pathname.slice(1),
      password,
      pgBin,
    });

  async function connect(more: ClientConfig = {}, { port } = pooler): Promise<Client> {
    const client = new Client({
      ...{ host: '127.0.0.1', port, user: 'tsdb_app', password: PASSWORD, database: 'tsdb', ...more },
    });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }
  const value = async (client: Client, sql: string): Promise<unknown> =>
    Object.values((await client.query(sql)).rows[0])[0];

  it('lets the API in by SCRAM, with whatever is in its password, and nobody else', async () => {
    expect(await value(await connect(), 'SELECT current_user')).toBe('tsdb_app');
    await expect(connect({ password: 'another' })).rejects.toThrow(/SASL authentication failed/);
    await expect(connect({ user: 'postgres', password: '' })).rejects.toThrow();
    await expect(connect({ database: 'postgres' })).rejects.toThrow(/no such database/);
    await expect(connect({ database: 'pgbouncer' })).rejects.toThrow(/not allowed/);
  });

  it('gives many clients few connections, each transaction one to itself', async () => {
    const many = await Promise.all(Array.from({ length: 30 }, () => connect()));
    const pids = await Promise.all(
      many.map(async (client) => {
        await client.query('BEGIN');
        const before = await value(client, 'SELECT pg_backend_pid()');
        expect(await value(client, 'SELECT pg_backend_pid()')).toBe(before);
        await client.query('COMMIT');
        return before;
      }),
    );
    expect(new Set(pids).size).toBeLessThanOrEqual(SIZE);
  });

  it('serves named prepared statements on whatever connection a transaction gets', async () => {
    const many = await Promise.all(Array.from({ length: 6 }, () => connect()));
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        many.map((client, index) =>
          client.query({ name: 'shared', text: `SELECT ${index % 3} + $1::int AS sum`, values: [round] }),
        ),
      );
      expect(answers.map(({ rows }) => rows[0].sum)).toEqual(many.map((_, index) => (index % 3) + round));
    }
  });

  it('keeps what a client says about time, dates and writing with that client', async () => {
    const reader = await connect({
      options: '-c timezone=Asia/Tokyo -c datestyle=ISO -c default_transaction_read_only=on',
    });
    const writer = await connect({ options: '-c timezone=UTC -c datestyle=ISO' });
    for (let round = 0; round < 3; round += 1) {
      expect(await value(reader, 'SHOW timezone')).toBe('Asia/Tokyo');
      expect(await value(writer, 'SHOW timezone')).toBe('UTC');
      await expect(reader.query('INSERT INTO reading VALUES (1)')).rejects.toThrow(/read-only transaction/);
      await writer.query('INSERT INTO reading VALUES (1)');
    }
  });

  it.each(['role=postgres', 'statement_timeout=1000', 'work_mem=1GB'])(
    'refuses %s at connect, instead of losing it or giving it to another client',
    async (setting) => {
      await expect(connect({ options: `-c ${setting}` })).rejects.toThrow(
        /unsupported startup parameter in options/,
      );
    },
  );

  it('connects again after the server has ended its sessions', async () => {
    const client = await connect();
    await value(client, 'SELECT 1');
    await select(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tsdb_app'`,
    );
    // The sessions have ended for PgBouncer when it has read so.
    await waitFor('the end of the sessions', async () => {
      const [left] = await select<{ n: number }>(
        database.url,
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'tsdb_app'`,
      );
      return left?.n === 0;
    });
    expect(await value(client, 'SELECT 1')).toBe(1);
    expect(await value(await connect(), 'SELECT 1')).toBe(1);
  });

  it('ends without cutting off a client: it goes on serving those that are there, and lets no other in', async () => {
    const own = await start('ending', PASSWORD);
    await own.until('an answer', async () => own.isReady());
    const client = await connect({}, own);
    await client.query('BEGIN');
    await client.query('INSERT INTO reading VALUES (2)');
    const ended = own.stop('SIGTERM');
    await own.until('its end to begin', async () => !own.isReady());
    await client.query('COMMIT');
    expect(await value(client, 'SELECT count(*)::int FROM reading WHERE n = 2')).toBe(1);
    await expect(connect({}, own)).rejects.toThrow(/ECONNREFUSED/);
    expect(own.hasEnded()).toBe(false);
    clients = clients.filter((other) => other !== client);
    await client.end();
    await ended;
    expect(own.hasEnded()).toBe(true);
  });

  it('does not start without a password', async () => {
    const own = await start('empty', '');
    await waitFor('its end', async () => own.hasEnded());
    expect(own.log()).toContain('the password of the API is not there, or empty');
  });

  it('says nothing of the password', () => {
    expect(pooler.log()).toContain('process up');
    expect(`${pooler.log()}${server.log().replace(/.*CREATE ROLE.*/g, '')}`).not.toContain(PASSWORD);
  });
});

const literal = (text: string): string => ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

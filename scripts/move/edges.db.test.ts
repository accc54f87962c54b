// tsdb move where something is in the way, and changes that only few programs make.
import { Client } from 'pg';
import { startBeside } from '../../api/testing/api-under-test';
import { type TestServer, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { tsdb } from '../testing/command-line';
import { checksums, type MovePlant, plantMove } from './testing/plant';

const ROW = (sensor: string): string =>
  `INSERT INTO public.sensor_data (time, sensor_id, temperature) VALUES (date_trunc('day', now()) - interval '1 day', '${sensor}', 1)`;

describe.each(testServers().filter(({ engine }) => engine !== 'citus'))(
  'moves from $engine',
  (server: TestServer) => {
    let plant: MovePlant;
    const traces = `SELECT (SELECT count(*)::int FROM pg_trigger WHERE tgname LIKE 'zz_tsdb_move%') AS triggers, to_regnamespace('tsdb_move') IS NOT NULL AS schema`;
    beforeAll(async () => {
      plant = await plantMove(server, server);
    });
    afterAll(() => plant.drop());

    it('are refused into a target that holds rows, into itself, and from a source that is not as declared', async () => {
      const itself = await tsdb(['move', '--to', plant.source.url, '--yes'], plant.env);
      expect(itself).toMatchObject({ code: 3 });
      expect(itself.stderr).toContain('--to names the database that is to be moved');
      await expectDone(tsdb(['apply', '--yes'], { ...plant.env, DATABASE_URL: plant.target.url }));
      await execute(plant.target.url, ROW('foreign'));
      const filled = await plant.move('--yes');
      expect(filled).toMatchObject({ code: 3 });
      expect(filled.stderr).toContain('holds rows that this move has not written, in public.sensor_data');
      await execute(plant.target.url, 'DELETE FROM public.sensor_data');
      await execute(plant.source.url, 'DROP INDEX service.dead_letter_digest_idx');
      const undeclared = await plant.move('--yes');
      expect(undeclared).toMatchObject({ code: 3 });
      expect(undeclared.stderr).toContain('the source is not as declared');
      await expectDone(tsdb(['apply', '--yes'], plant.env));
      await execute(plant.source.url, 'ALTER TABLE service.dead_letter ADD COLUMN mine text');
      const unknown = await plant.move('--yes');
      expect(unknown).toMatchObject({ code: 3 });
      expect(unknown.stderr).toContain(
        'service.dead_letter: column mine is in the source, but not in the target',
      );
      await execute(plant.source.url, 'ALTER TABLE service.dead_letter DROP COLUMN mine');
      expect(await plant.move()).toMatchObject({ code: 3, stdout: '' });
      expect(await select(plant.target.url, 'SELECT FROM public.sensor_data')).toEqual([]);
    });

    it('are taken back before their cut-over without a trace', async () => {
      expect(await plant.move('--yes')).toMatchObject({ code: 0 });
      expect(await select(plant.source.url, traces)).not.toEqual([{ triggers: 0, schema: false }]);
      const status = await plant.move('--status', '--json');
      expect(JSON.parse(status.stdout)).toMatchObject({ move: { stage: 'copy', changes: 0 } });
      const elsewhere = await tsdb(['move', '--to', 'postgres://127.0.0.1:1/none', '--abort'], plant.env);
      expect(elsewhere.code).not.toBe(0);
      expect(await plant.move('--abort')).toMatchObject({ code: 0 });
      expect(await select(plant.source.url, traces)).toEqual([{ triggers: 0, schema: false }]);
      await execute(plant.source.url, ROW('after'));
      const again = await plant.move('--yes');
      expect(again).toMatchObject({ code: 3 });
      expect(again.stderr).toContain('another move');
    });
  },
);

describe.each(testServers().filter(({ engine }) => engine !== 'citus'))(
  'changes of a moving $engine',
  (server: TestServer) => {
    let plant: MovePlant;
    beforeAll(async () => {
      plant = await plantMove(server, server);
      await expectDone(plant.move('--yes'));
    });
    afterAll(() => plant.drop());

    it('are carried from chunks that somebody names, from truncated chunks and tables, and from deleted rows', async () => {
      const chunks = await select<{ chunk: string }>(
        plant.source.url,
        server.engine === 'timescaledb'
          ? `SELECT c::text AS chunk FROM public.show_chunks('public.sensor_data') c WHERE NOT (SELECT is_compressed FROM timescaledb_information.chunks WHERE format('%I.%I', chunk_schema, chunk_name)::regclass = c) ORDER BY c::oid DESC LIMIT 2`
          : `SELECT chunk::text FROM tsdb.chunk WHERE table_name = 'sensor_data' AND range_end < now() ORDER BY range_start DESC LIMIT 2`,
      );
      const [first, second] = chunks.map(({ chunk }) => chunk);
      await execute(
        plant.source.url,
        `INSERT INTO ${first} SELECT time + interval '1 millisecond', 'by name', 7 FROM ${first} LIMIT 5`,
        `UPDATE ${first} SET temperature = 8 WHERE sensor_id = 'by name'`,
        `DELETE FROM ${first} WHERE sensor_id = 'sensor_002'`,
        `TRUNCATE ${second}`,
        // The aggregates keep what they have of these rows.
        `DELETE FROM public.sensor_data WHERE time >= now() - interval '50 hours' AND time < now() - interval '26 hours'`,
        `TRUNCATE market.stock_prices`,
        `INSERT INTO market.stock_prices (time, symbol, open) VALUES (now() - interval '1 day', 'NEW', 1)`,
        `DELETE FROM service.api_key WHERE id = 'a'`,
        `UPDATE service.api_key SET id = 'c', name = 'renamed' WHERE id = 'b'`,
        `UPDATE tsdb.import SET state = 'done', row_count = 9`,
        `DELETE FROM tsdb.import_batch WHERE number = 1`,
        // What is rolled back to a savepoint and written again is noted again.
        `DO $$ BEGIN BEGIN INSERT INTO public.sensor_data (time, sensor_id) VALUES (now() - interval '9 days', 's'); RAISE EXCEPTION 'no'; EXCEPTION WHEN raise_exception THEN NULL; END;
         INSERT INTO public.sensor_data (time, sensor_id) VALUES (now() - interval '9 days', 's'); END $$`,
      );
      await expectDone(plant.move('--yes'));
      expect(await checksums(plant.target.url, server.engine)).toEqual(
        await checksums(plant.source.url, server.engine),
      );
    });

    it('that come with a new column are carried', async () => {
      // As an apply does at the source; the default fills every row without writing it.
      for (const { url } of [plant.source, plant.target])
        await execute(url, `ALTER TABLE public.sensor_data ADD COLUMN extra text DEFAULT 'old'`);
      await execute(
        plant.target.url,
        `ALTER TABLE public.sensor_data ALTER COLUMN extra SET DEFAULT 'other'`,
      );
      await expectDone(plant.move('--yes'));
      const values = 'SELECT extra, count(*)::int AS n FROM public.sensor_data GROUP BY 1';
      const here = await select(plant.source.url, values);
      expect(here).toMatchObject([{ extra: 'old' }]);
      expect(await select(plant.target.url, values)).toEqual(here);
      for (const { url } of [plant.source, plant.target])
        await execute(url, 'ALTER TABLE public.sensor_data DROP COLUMN extra');
      await expectDone(plant.move('--yes'));
    });

    it('of writers with few rights are noted too', async () => {
      const role = `move_writer_${process.pid}_${server.engine}`;
      await execute(
        plant.source.url,
        `CREATE ROLE ${role}`,
        `GRANT SELECT, INSERT, UPDATE, DELETE ON public.sensor_data, service.stream_offset TO ${role}`,
        `GRANT USAGE ON SCHEMA service TO ${role}`,
        `SET ROLE ${role}`,
        ROW('few rights'),
        `INSERT INTO service.stream_offset (consumer_group, topic, partition, next_offset) VALUES ('g', 't', 0, 1)`,
        'RESET ROLE',
        `DROP OWNED BY ${role}`,
        `DROP ROLE ${role}`,
      );
      const [noted] = await select<{ n: number }>(
        plant.source.url,
        'SELECT count(*)::int AS n FROM tsdb_move.change',
      );
      expect(noted?.n).toBe(2);
    });

    it('that no trigger sees are found with --verify, and carried by the next run', async () => {
      await execute(
        plant.source.url,
        `ALTER TABLE public.sensor_data DISABLE TRIGGER USER`,
        `UPDATE public.sensor_data SET humidity = 1 WHERE sensor_id = 'sensor_001' AND time > now() - interval '2 days'`,
        `ALTER TABLE public.sensor_data ENABLE TRIGGER USER`,
      );
      const refused = await plant.move('--yes', '--cut-over', '--verify');
      expect(refused).toMatchObject({ code: 3 });
      expect(refused.stderr).toContain(
        'public.sensor_data was changed at the source in a way that no trigger sees',
      );
      await execute(plant.source.url, `UPDATE public.sensor_data SET humidity = 2 WHERE sensor_id = 'odd'`);
    });

    it('are not cut off by a writer that takes longer than writers may wait', async () => {
      const slow = new Client({ connectionString: plant.source.url });
      slow.on('error', () => undefined);
      await slow.connect();
      await slow.query('BEGIN');
      await slow.query(
        `INSERT INTO public.sensor_data (time, sensor_id) VALUES (now() - interval '1 day', 'slow')`,
      );
      const running = plant.startMove('--yes', '--cut-over', '--cut-over-limit', '1', '--verify');
      await running.says(/the writers go on at the source/);
      const [run] = await select<{ n: number }>(
        plant.source.url,
        "SELECT count(*)::int AS n FROM tsdb_move.run WHERE stage = 'copy'",
      );
      expect(run).toEqual({ n: 1 });
      await slow.query('COMMIT');
      await slow.end();
      const { code, stderr } = await running.finished;
      expect(code).toBe(0);
      // The first run of this job would compute buckets from the rows that were deleted above.
      const paused = /public\.sensor_data_hourly: job (\d+) stays paused/.exec(stderr)?.[1];
      const jobs = `SELECT job_id::text AS id FROM timescaledb_information.jobs WHERE job_id >= 1000 AND NOT scheduled`;
      if (server.engine === 'timescaledb')
        expect(await select(plant.target.url, jobs)).toContainEqual({ id: paused });
      const here = await checksums(plant.source.url, server.engine);
      expect(await checksums(plant.target.url, server.engine)).toEqual(here);
      await waitFor(
        'the row of the slow writer',
        async () =>
          (await select(plant.target.url, `SELECT FROM public.sensor_data WHERE sensor_id = 'slow'`))
            .length === 1,
      );
    });

    it('are refused after it, also in chunks, truncated tables and transactions that began before', async () => {
      for (const statement of [
        `INSERT INTO public.sensor_data (time, sensor_id) VALUES (now(), 'late')`,
        `DELETE FROM public.sensor_data WHERE sensor_id = 'odd'`,
        `UPDATE service.api_key SET name = 'x'`,
        'TRUNCATE service.dead_letter',
      ])
        await expect(execute(plant.source.url, statement)).rejects.toMatchObject({
          message: expect.stringMatching(
            /its data has moved.*this database has moved to .*nothing was stored/,
          ),
          cause: { code: '25006', constraint: 'tsdb_moved' },
        });
    });

    it('get the answer of the API that says where the data is', async () => {
      const api = startBeside({ url: plant.source.url }, {});
      try {
        const written = await api.send('POST', '/api/ingest/sensor_data', [
          { time: new Date().toISOString(), sensor_id: 'late', temperature: 1 },
        ]);
        const place = new URL(plant.target.url);
        expect(written.json()).toMatchObject({
          type: 'urn:tsdb:problem:database-read-only',
          status: 503,
          detail: `this database has moved to ${place.host}${place.pathname}, and takes no writes: nothing was stored; use the new address`,
        });
        const ready = await api.get('/health/ready');
        expect([ready.statusCode, ready.json().reason]).toEqual([503, 'database-read-only']);
        expect((await api.get('/api/sensors/odd/raw?period=1w')).statusCode).toBe(200);
      } finally {
        await api.stop();
      }
    });
  },
);

async function expectDone(run: ReturnType<typeof tsdb>): Promise<void> {
  const { code, stderr } = await run;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

// Rows and values before and after chunks are converted: nothing is lost, not by a later rewrite and not by a SIGKILL.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { integer } from '../columns';
import { createTestDatabase, describeOn } from '../local/test-servers';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { compressed, conversions, filled, ROWS, tableSet } from '../testing/columns-sets';

const CHUNKS = 60;
const MANY = CHUNKS * 2_000;

/** Chunks that a conversion has still to do. */
const LEFT: Readonly<Record<keyof typeof conversions, string>> = {
  rebuild: 'SELECT count(*)::int AS left FROM tsdb.pending_rebuild',
  layout: `SELECT count(*)::int AS left FROM _timescaledb_catalog.compression_settings WHERE compress_relid IS NOT NULL AND segmentby = '{device}'`,
  rows: 'SELECT count(*)::int AS left FROM _timescaledb_catalog.compression_settings WHERE compress_relid IS NOT NULL',
};

const STEP: Readonly<Record<keyof typeof conversions, string>> = {
  rebuild: 'rebuild-chunks:plant.metric',
  layout: 'columnstore-layout:plant.metric',
  rows: 'columnstore-rows:plant.metric',
};

const DIGEST = `SELECT count(*)::int AS rows, md5(string_agg(format('%s %s %s %s', at, device, value, level), ',' ORDER BY at, device)) AS digest FROM plant.metric`;

describeOn('timescaledb', 'values of converted chunks', (server) => {
  let url = '';
  let drop = async (): Promise<void> => undefined;
  beforeEach(async () => {
    ({ url, drop } = await createTestDatabase(server, applied([tableSet()])));
  });
  afterEach(() => drop());

  /** Rewrites every chunk in a way that loses what is only kept beside its rows. */
  async function clusterChunks(): Promise<void> {
    await execute(url, 'CREATE INDEX ON plant.metric (at)');
    const chunks = await select<{ chunk: string; index: string }>(
      url,
      `SELECT x.indrelid::regclass::text AS chunk, i.relname AS index FROM public.show_chunks('plant.metric') c
         JOIN pg_index x ON x.indrelid = c JOIN pg_class i ON i.oid = x.indexrelid WHERE i.relname LIKE '%metric_at_idx'`,
    );
    expect(chunks.length).toBeGreaterThan(0);
    for (const { chunk, index } of chunks) {
      await execute(url, `CLUSTER ${chunk} USING "${index}"`, `VACUUM FULL ${chunk}`);
    }
  }

  it('keeps the default of a new column through a later rewrite of the chunks', async () => {
    await execute(url, ...filled.timescaledb, compressed());
    await applySets(
      url,
      [tableSet({ columns: { a: integer().default('7'), b: integer().notNull().default('8') } })],
      ['rewrites-data'],
    );
    // Added without the conversion, as anybody would: shows that the rewrite below does lose such values.
    await execute(url, 'ALTER TABLE plant.metric ADD COLUMN careless int DEFAULT 9');
    const counted =
      'SELECT count(*)::int AS rows, count(a)::int AS a, count(b)::int AS b, count(careless)::int AS careless, sum(a + b)::int AS sum FROM plant.metric';
    expect(await select(url, counted)).toEqual([
      { rows: ROWS, a: ROWS, b: ROWS, careless: ROWS, sum: ROWS * 15 },
    ]);
    await clusterChunks();
    expect(await select(url, counted)).toEqual([
      { rows: ROWS, a: ROWS, b: ROWS, careless: 0, sum: ROWS * 15 },
    ]);
  });

  it('says how much it converts, rows of the columnstore included', async () => {
    await execute(url, ...filled.timescaledb, compressed());
    const plan = await planSets(url, [conversions.layout]);
    const step = plan.steps.find(({ id }) => id === STEP.layout);
    expect(step?.impact).toMatchObject({ chunks: 5, rows: ROWS });
    expect(step?.impact?.bytes).toBeGreaterThan(0);
    expect(step?.hazards).toEqual([
      {
        name: 'rewrites-data',
        reason: expect.stringMatching(
          /^converts 5 chunks, about 60 rows, 0\.\d MiB of plant\.metric, one chunk after the other/,
        ),
      },
    ]);
  });

  it.each(['rebuild', 'layout', 'rows'] as const)(
    'goes on after SIGKILL in the middle of a conversion (%s), with every row and value',
    async (name) => {
      await execute(
        url,
        `INSERT INTO plant.metric (at, device, value, level) SELECT date_trunc('day', now()) - n * interval '${CHUNKS} days' / ${MANY}, 'device ' || n % 50, n, n FROM generate_series(1, ${MANY}) n`,
        compressed(),
      );
      const before = await select(url, DIGEST);

      await killHalfWay(name);
      const [half] = await select<{ left: number }>(url, LEFT[name]);
      expect(half?.left).toBeGreaterThan(0);
      expect(half?.left).toBeLessThan(CHUNKS);
      const plan = await planSets(url, [conversions[name]]);
      const rest = plan.steps.find(({ id }) => id === STEP[name]);
      expect(rest?.impact?.chunks).toBe(half?.left);
      expect(await select(url, DIGEST)).toEqual(before);

      await applySets(url, [conversions[name]], ['rewrites-data']);
      expect(await select(url, LEFT[name])).toEqual([{ left: 0 }]);
      expect(await select(url, DIGEST)).toEqual(before);
      expect((await planSets(url, [conversions[name]])).steps).toEqual([]);
      if (name === 'rebuild') {
        await clusterChunks();
        expect(await select(url, 'SELECT count(extra)::int AS extra FROM plant.metric')).toEqual([
          { extra: MANY },
        ]);
      }
    },
  );

  /** Starts an apply and kills it when some, and not all, chunks are converted; waits until its session is gone. */
  async function killHalfWay(name: keyof typeof conversions): Promise<void> {
    const script = join(__dirname, '..', 'testing', 'columns-apply-child.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, url, name], { stdio: 'ignore' });
    const ended = new Promise<NodeJS.Signals | null>((done) => {
      child.on('exit', (_code, signal) => done(signal));
    });
    for (let left = CHUNKS; (left === 0 || left === CHUNKS) && child.exitCode === null; await sleep(5)) {
      left = (await select<{ left: number }>(url, LEFT[name]))[0]?.left ?? 0;
    }
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    // The server notices within two seconds, which is enough to convert all of these few rows: it is told at once.
    const sessions = `FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
    await select(url, `SELECT pg_terminate_backend(pid) ${sessions}`);
    while ((await select(url, `SELECT ${sessions}`)).length > 0) await sleep(20);
  }
});

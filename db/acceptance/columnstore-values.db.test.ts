// Rows and values before and after chunks are converted: nothing is lost, not by a later rewrite and not by a SIGKILL.
import { spawn } from 'node:child_process';
import { integer } from '../language/columns';
import { createTestDatabase, describeOn, type Template } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { childArguments } from '../testing/child';
import { compressed, conversions, filled, ROWS, tableSet } from '../testing/columns-sets';
import { endSession, untilBlocked } from '../testing/sessions';

const CHUNKS = 60;
const MANY = CHUNKS * 2_000;

// Rows of whole days in the past, which stay the same when the day changes while the suite runs.
const empty = applied([tableSet()]);
const converted: Template = {
  key: ['converted chunks', CHUNKS, MANY],
  base: empty,
  build: async (url) => {
    await execute(
      url,
      `INSERT INTO plant.metric (at, device, value, level) SELECT date_trunc('day', now()) - n * interval '${CHUNKS} days' / ${MANY}, 'device ' || n % 50, n, n FROM generate_series(1, ${MANY}) n`,
      compressed(),
    );
  },
};

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
  const begin = async (template: Template): Promise<void> => {
    ({ url, drop } = await createTestDatabase(server, template));
  };
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
    await execute(
      url,
      ...chunks.flatMap(({ chunk, index }) => [`CLUSTER ${chunk} USING "${index}"`, `VACUUM FULL ${chunk}`]),
    );
  }

  it('keeps the default of a new column through a later rewrite of the chunks', async () => {
    await begin(empty);
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
    await begin(empty);
    await execute(url, ...filled.timescaledb, compressed());
    const plan = await planSets(url, [conversions.layout]);
    const step = plan.steps.find(({ id }) => id === STEP.layout);
    expect(step?.impact).toMatchObject({ chunks: 5, rows: ROWS });
    expect(step?.impact?.bytes).toBeGreaterThan(0);
    expect(step?.hazards).toEqual([
      {
        name: 'rewrites-data',
        reason: expect.stringMatching(
          /^converts 5 chunks, about 60 rows, \d+\.\d KiB of plant\.metric, one chunk after the other/,
        ),
      },
    ]);
  });

  it.each(['rebuild', 'layout', 'rows'] as const)(
    'goes on after SIGKILL in the middle of a conversion (%s), with every row and value',
    async (name) => {
      await begin(converted);
      const before = await select(url, DIGEST);

      await killHalfWay(name);
      const [half] = await select<{ left: number }>(url, LEFT[name]);
      expect(half?.left).toBeGreaterThan(0);
      expect(half?.left).toBeLessThan(CHUNKS);
      const plan = await planSets(url, [conversions[name]]);
      const rest = plan.steps.find(({ id }) => id === STEP[name]);
      expect(rest?.impact?.chunks).toBe(half?.left);
      expect(await select(url, DIGEST)).toEqual(before);

      await applySets(url, [conversions[name]], ['rewrites-data', 'drops-object']);
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

  /** Starts an apply, kills it when half of the chunks are converted, and ends its session on the server. */
  async function killHalfWay(name: keyof typeof conversions): Promise<void> {
    // Every conversion of a chunk removes its note, if there is one, before it is committed: there it waits half-way.
    await execute(
      url,
      `CREATE FUNCTION plant.wait_half_way() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$ BEGIN
         IF (${LEFT[name]}) <= ${CHUNKS / 2} THEN PERFORM pg_advisory_xact_lock(1); END IF; RETURN NULL; END $$`,
      'CREATE TRIGGER wait_half_way BEFORE DELETE ON tsdb.pending_rebuild FOR EACH STATEMENT EXECUTE FUNCTION plant.wait_half_way()',
    );
    await withConnection(url, async (holder) => {
      await holder.query('SELECT pg_advisory_lock(1)');
      const script = childArguments('db/testing/columns-apply-child.ts');
      const child = spawn(process.execPath, [...script, url, name], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const ended = new Promise<NodeJS.Signals | null>((done) => {
        child.on('exit', (_code, signal) => done(signal));
      });
      const { pid } = await untilBlocked(url, { on: 'advisory' }).finally(() => child.kill('SIGKILL'));
      expect(await ended).toBe('SIGKILL');
      // Before the lock is free: the session would go on with the next chunks until the server notices.
      await endSession(url, pid);
    });
    await execute(url, 'DROP FUNCTION plant.wait_half_way CASCADE');
  }
});

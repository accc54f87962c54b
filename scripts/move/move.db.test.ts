// tsdb move between real servers while writers go on, killed in each of its stages.

import { type TestServer, testServers } from '../../db/local/test-servers';
import type { EngineName } from '../../db/model';
import { select } from '../../db/testing/apply';
import { tsdb } from '../testing/command-line';
import { checksums, dropOldest, hiddenRows, type MovePlant, plantMove } from './testing/plant';
import { rowsOfWriters, startWriters, type Writers } from './testing/writers';

const STAGES = ['prepare', 'capture', 'copy', 'catch up', 'cut over', 'moved', 'finish'] as const;

const ways: readonly (readonly [EngineName, EngineName])[] = [
  ['timescaledb', 'timescaledb'],
  ['postgres', 'timescaledb'],
  ['timescaledb', 'postgres'],
  ['timescaledb', 'citus'],
];
const found = ways
  .map(([from, to]) => ({ from: testServers(from)[0], to: testServers(to)[0] }))
  .filter(
    (way): way is { from: TestServer; to: TestServer } => way.from !== undefined && way.to !== undefined,
  )
  .map((way) => ({ ...way, name: `${way.from.engine} → ${way.to.engine}` }));

describe.each(found)('a move $name', ({ from, to }) => {
  let plant: MovePlant;
  let writers: Writers | undefined;
  beforeAll(async () => {
    plant = await plantMove(from, to);
  });
  afterAll(async () => {
    writers?.stop();
    await writers?.ended;
    await plant.drop();
  });

  it('carries every confirmed row and no refused one, whenever it is killed', async () => {
    const writing = startWriters(plant.source.url, 3, 8);
    writers = writing;
    for (const stage of STAGES) {
      const running = plant.startMove('--yes', '--cut-over', '--workers', '2');
      // The last stages may be over before the signal arrives.
      const isLate = stage === 'moved' || stage === 'finish';
      await Promise.race([
        running.says(new RegExp(`stage: ${stage}|^moved to`, 'm')),
        ...(isLate ? [running.finished] : []),
      ]);
      running.process.kill('SIGKILL');
      if (!isLate) expect(await running.finished).toMatchObject({ signal: 'SIGKILL' });
      await running.finished;
      if (stage === 'catch up') {
        await dropOldest(plant.source.url, from.engine, 9);
      }
      // Until the cut-over, writers do not notice that the command was killed.
      if (stage === 'copy') expect(writing.refusals).toEqual([]);
    }
    const { code, stderr, stdout } = await plant.move('--yes', '--cut-over', '--json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, stage: 'done' });
    await writing.ended;
    expect(writing.refusals).toHaveLength(3);
    for (const refusal of writing.refusals)
      expect(refusal).toMatch(/^this database has moved to .*nothing was stored/);

    const here = await checksums(plant.source.url, from.engine);
    expect(await checksums(plant.target.url, to.engine)).toEqual(here);
    const arrived = await rowsOfWriters(plant.target.url);
    expect(writing.stored.size).toBeGreaterThan(100);
    expect(new Map([...arrived].sort())).toEqual(new Map([...writing.stored].sort()));
    for (const key of writing.refused) expect(arrived.has(key)).toBe(false);
    expect(
      await select(
        plant.target.url,
        `SELECT partition::text AS n, next_offset::text AS at FROM service.stream_offset ORDER BY 1`,
      ),
    ).toEqual([...writing.positions].sort().map(([n, at]) => ({ n, at })));
  });

  it('keeps the history whose rows are gone, and shows it', async () => {
    const history = `SELECT count(*)::int AS n, min(bucket)::text AS first FROM public.sensor_data_hourly WHERE bucket < (SELECT min(time) FROM public.sensor_data)`;
    const [here] = await select<{ n: number }>(plant.source.url, history);
    expect(here?.n).toBeGreaterThan(100);
    expect(await select(plant.target.url, history)).toEqual([here]);
    const total = 'SELECT sum(reading_count)::text AS n FROM public.sensor_data_hourly';
    expect(await select(plant.target.url, total)).toEqual(await select(plant.source.url, total));
    const hidden = Object.values(await hiddenRows(plant.target.url, to.engine));
    expect(hidden).toEqual(hidden.map(() => 0));
  });

  it('leaves jobs paused at the source, and runs them at the target', async () => {
    const jobs = (engine: EngineName): string =>
      engine === 'timescaledb'
        ? `SELECT count(*) FILTER (WHERE scheduled)::int AS on, count(*) FILTER (WHERE NOT scheduled)::int AS off FROM timescaledb_information.jobs WHERE job_id >= 1000`
        : `SELECT count(*) FILTER (WHERE next_start < 'infinity')::int AS on, count(*) FILTER (WHERE next_start = 'infinity')::int AS off FROM tsdb.job`;
    expect(await select(plant.source.url, jobs(from.engine))).toMatchObject([{ on: 0 }]);
    expect(await select(plant.target.url, jobs(to.engine))).toMatchObject([{ off: 0 }]);
    expect(await select(plant.target.url, 'SELECT FROM tsdb_move.paused_job')).toEqual([]);
  });

  it('cannot be taken back or repeated to another place', async () => {
    expect(await plant.move('--abort')).toMatchObject({ code: 3 });
    const again = await plant.move('--yes', '--cut-over');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stdout).toContain('moved to');
  });

  it('has a target that is as declared', async () => {
    const plan = await tsdb(['plan', '--json'], { ...plant.env, DATABASE_URL: plant.target.url });
    expect(JSON.parse(plan.stdout)).toMatchObject({ steps: [], refusals: [] });
  });
});

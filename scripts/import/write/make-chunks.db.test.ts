// The chunks that are made before the rows are those that the server makes by itself.
import { relation } from '../../../db/core/sql';
import { float8, text, timestamptz } from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import { schemaSet } from '../../../db/language/schema-set';
import { testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { execute } from '../../../db/testing/apply';
import { Importing } from '../testing/importing';

const columns = { time: timestamptz().notNull(), device: text().notNull(), value: float8() };
const tableOf = (name: string, chunkInterval: '6 hours' | '1 day' | '7 days', partitioned = false) =>
  hypertable(name, {
    columns,
    time: 'time',
    chunkInterval,
    indexes: [],
    ...(partitioned && { hash: { by: 'device', count: 3 } }),
  });
const pairs = (['6 hours', '1 day', '7 days'] as const).flatMap((width) =>
  [false, true].map((partitioned) => {
    const name = `${width.replace(' ', '_')}${partitioned ? '_hashed' : ''}`;
    return {
      name,
      imported: tableOf(`imported_${name}`, width, partitioned),
      inserted: tableOf(`inserted_${name}`, width, partitioned),
    };
  }),
);
const [server] = testServers('timescaledb');

describeUnless(server ? undefined : 'no TimescaleDB was found', 'chunks made for several workers', () => {
  const importing = new Importing(server as NonNullable<typeof server>, [
    schemaSet(
      'pairs',
      pairs.flatMap(({ imported, inserted }) => [imported, inserted]),
    ),
  ]);
  beforeAll(() => importing.begin());
  afterAll(() => importing.end());

  const START = Math.floor(Date.now() / 1_000) * 1_000 - 20 * 86_400_000;
  const rows = Array.from(
    { length: 400 },
    (_, n) => `${new Date(START + n * 4_321_000).toISOString()},device_${n % 5},${n}`,
  );
  const csv = `time,device,value\n${rows.join('\n')}\n`;
  const chunksOf = (table: string) =>
    importing.select(
      `SELECT k.range_start, k.range_end FROM timescaledb_information.chunks k WHERE k.hypertable_name = '${table}' ORDER BY 1, 2`,
    );

  it.each(pairs)('have the ranges of the server: $name', async ({ name, imported, inserted }) => {
    const file = importing.write(`${name}.csv`, csv);
    expect(await importing.run(file, imported)).toMatchObject({ rows: rows.length });
    await execute(
      importing.database.url,
      `INSERT INTO ${relation(inserted)} SELECT * FROM ${relation(imported)} ORDER BY time`,
    );
    const chunks = await chunksOf(imported.name);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks).toEqual(await chunksOf(inserted.name));
  });

  it('are left to the server where an older chunk has another width', async () => {
    const { imported } = pairs[2] as (typeof pairs)[number];
    const { url } = importing.database;
    await execute(
      url,
      `TRUNCATE ${relation(imported)}`,
      `SELECT public.set_chunk_time_interval('${relation(imported)}', interval '5 hours')`,
      `INSERT INTO ${relation(imported)} SELECT timestamptz '${new Date(START + 86_400_000).toISOString()}', 'a', 1`,
      `SELECT public.set_chunk_time_interval('${relation(imported)}', interval '1 day')`,
    );
    const file = importing.write('again.csv', csv);
    expect(await importing.run(file, imported, { again: true })).toMatchObject({ rows: rows.length });
    expect(await importing.select(`SELECT count(*)::int AS rows FROM ${relation(imported)}`)).toEqual([
      { rows: rows.length + 1 },
    ]);
  });
});

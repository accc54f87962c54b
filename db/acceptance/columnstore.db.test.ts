// Columnstore settings, the layout of converted chunks, and columns that are added to them. The other engine has none of it.
import { bigint, integer, text, timestamptz, uuid } from '../language/columns';
import type { Columnstore } from '../language/hypertable';
import { desc } from '../language/indexes';
import { byDevice, compressed, filled, some, tableSet } from '../testing/columns-sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const engines = ['timescaledb'] as const;
const converted = [...filled.timescaledb, compressed()];

const stored = (columnstore: Columnstore | 'off'): ReturnType<typeof tableSet> => tableSet({ columnstore });

const columnsOfConvertedChunks: readonly ReconcilerCase[] = [
  {
    name: 'adds a nullable column without touching converted chunks',
    from: [tableSet()],
    drift: converted,
    to: [some(text())],
    steps: ['add-column:plant.metric.extra'],
    engines,
  },
  {
    name: 'converts chunks again after adding a column with a default',
    from: [tableSet()],
    drift: converted,
    to: [some(integer().default('7'))],
    steps: ['add-column:plant.metric.extra', 'rebuild-chunks:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'converts chunks again once after adding two columns with defaults, NOT NULL too',
    from: [tableSet()],
    drift: converted,
    to: [
      tableSet({ columns: { a: text().notNull().default(`'x'`), b: integer().notNull().default('1 + 1') } }),
    ],
    steps: ['add-column:plant.metric.a', 'add-column:plant.metric.b', 'rebuild-chunks:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'has nothing to convert again where no chunk is converted',
    from: [tableSet()],
    drift: filled,
    to: [some(integer().default('7'))],
    steps: ['add-column:plant.metric.extra'],
    engines,
  },
  ...([timestamptz().default('now()'), uuid().default('gen_random_uuid()')] as const).map(
    (column): ReconcilerCase => ({
      name: `refuses a column of converted chunks with the default ${column.defaultSql}`,
      from: [tableSet()],
      drift: converted,
      to: [some(column)],
      steps: [],
      refusals: ['plant.metric column extra is missing and is declared with the default'],
      engines,
    }),
  ),
  {
    name: 'refuses a NOT NULL column of converted chunks without a default',
    from: [tableSet()],
    drift: converted,
    to: [some(text().notNull())],
    steps: [],
    refusals: ['plant.metric column extra is missing and is declared NOT NULL without a default'],
    engines,
  },
  {
    name: 'refuses another type in converted chunks',
    from: [some(integer())],
    drift: converted,
    to: [some(bigint())],
    steps: [],
    refusals: ['plant.metric column extra has type integer, declared bigint'],
    engines,
  },
  {
    name: 'sets default and NOT NULL in converted chunks',
    from: [tableSet()],
    drift: converted,
    to: [tableSet({ columns: { level: integer().notNull().default('0') } })],
    steps: ['column-default:plant.metric.level', 'column-not-null:plant.metric.level'],
    hazards: ['blocks-writes'],
    engines,
  },
  {
    name: 'finds rows without a value in converted chunks',
    from: [tableSet()],
    drift: [...filled.timescaledb, 'UPDATE plant.metric SET level = NULL WHERE level = 30', compressed()],
    to: [tableSet({ columns: { level: integer().notNull() } })],
    steps: [],
    refusals: ['plant.metric column level allows NULL, declared NOT NULL'],
    engines,
  },
  {
    name: 'goes on where converting again was interrupted, whatever became of chunks since',
    from: [tableSet()],
    drift: [
      ...converted,
      `INSERT INTO tsdb.pending_rebuild (chunk, relation) SELECT c::text, 'plant.metric' FROM public.show_chunks('plant.metric') c`,
      `SELECT public.decompress_chunk(c) FROM public.show_chunks('plant.metric') c ORDER BY c::text LIMIT 1`,
      `INSERT INTO tsdb.pending_rebuild (chunk, relation) VALUES ('_timescaledb_internal.dropped', 'plant.metric')`,
    ],
    to: [tableSet()],
    steps: ['rebuild-chunks:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
];

const layouts: readonly ReconcilerCase[] = [
  {
    name: 'has nothing to do the second time',
    from: [tableSet()],
    to: [tableSet()],
    steps: [],
  },
  {
    name: 'changes the layout of later conversions alone where no chunk is converted',
    from: [tableSet()],
    drift: filled,
    to: [stored(byDevice({ orderBy: [{ column: 'level', descending: false }, desc('at')] }))],
    steps: ['columnstore:plant.metric'],
    engines,
  },
  {
    name: 'converts chunks again in other segments',
    from: [tableSet()],
    drift: converted,
    to: [stored(byDevice({ segmentBy: [] }))],
    steps: ['columnstore:plant.metric', 'columnstore-layout:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'converts chunks again in another order',
    from: [tableSet()],
    drift: converted,
    to: [stored(byDevice({ orderBy: [{ column: 'at', descending: false }] }))],
    steps: ['columnstore:plant.metric', 'columnstore-layout:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'converts only chunks that were converted with other settings',
    from: [tableSet()],
    drift: [
      ...filled.timescaledb,
      `ALTER TABLE plant.metric SET (timescaledb.segmentby = '', timescaledb.orderby = 'at')`,
      `SELECT public.compress_chunk(c) FROM (SELECT c FROM public.show_chunks('plant.metric') c ORDER BY c::text LIMIT 2) x`,
      `ALTER TABLE plant.metric SET (timescaledb.segmentby = 'device', timescaledb.orderby = 'at DESC')`,
      `SELECT public.compress_chunk(c, if_not_compressed => true) FROM public.show_chunks('plant.metric') c`,
    ],
    to: [tableSet()],
    steps: ['columnstore-layout:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'repairs settings and chunks changed by hand',
    from: [tableSet()],
    drift: [
      ...filled.timescaledb,
      `ALTER TABLE plant.metric SET (timescaledb.segmentby = '', timescaledb.orderby = 'at')`,
      compressed(),
    ],
    to: [tableSet()],
    steps: ['columnstore:plant.metric', 'columnstore-layout:plant.metric'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'adds a column with a default and changes the layout in one go',
    from: [tableSet()],
    drift: converted,
    to: [tableSet({ columns: { extra: integer().default('7') }, columnstore: byDevice({ segmentBy: [] }) })],
    steps: [
      'add-column:plant.metric.extra',
      'rebuild-chunks:plant.metric',
      'columnstore:plant.metric',
      'columnstore-layout:plant.metric',
    ],
    hazards: ['rewrites-data'],
    engines,
  },
];

runCases([...columnsOfConvertedChunks, ...layouts]);

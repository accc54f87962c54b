import type { Columnstore } from '../language/hypertable';
import { desc } from '../language/indexes';
import { byDevice, compressed, filled, tableSet, withAggregate } from '../testing/columns-sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const engines = ['timescaledb'] as const;
const converted = [...filled.timescaledb, compressed()];
const stored = (columnstore: Columnstore | 'off'): ReturnType<typeof tableSet> => tableSet({ columnstore });

const POLICY = /^remove-policy:plant.metric:columnstore:\d+$/;

const onAndOff: readonly ReconcilerCase[] = [
  {
    name: 'switches columnstore on',
    from: [stored('off')],
    drift: filled,
    to: [tableSet()],
    steps: ['columnstore:plant.metric', 'add-policy:plant.metric:columnstore'],
    engines,
  },
  {
    name: 'turns chunks back into rows after their policy is gone, and switches columnstore off',
    from: [tableSet()],
    drift: converted,
    to: [stored('off')],
    steps: [
      expect.stringMatching(POLICY) as unknown as string,
      'columnstore-rows:plant.metric',
      'columnstore-off:plant.metric',
    ],
    hazards: ['drops-object', 'rewrites-data'],
    engines,
  },
  {
    name: 'asks before it switches columnstore off, also where no chunk is converted',
    from: [tableSet()],
    drift: filled,
    to: [stored('off')],
    steps: [expect.stringMatching(POLICY) as unknown as string, 'columnstore-off:plant.metric'],
    hazards: ['drops-object'],
    engines,
  },
  {
    name: 'removes a policy that outlived its columnstore',
    from: [tableSet()],
    drift: ['ALTER TABLE plant.metric SET (timescaledb.enable_columnstore = false)'],
    to: [stored('off')],
    steps: [expect.stringMatching(POLICY) as unknown as string],
    engines,
  },
  {
    name: 'finishes switching off that was interrupted half-way',
    from: [tableSet()],
    drift: [
      ...converted,
      `CALL public.remove_columnstore_policy('plant.metric')`,
      `SELECT public.decompress_chunk(c) FROM (SELECT c FROM public.show_chunks('plant.metric') c ORDER BY c::text LIMIT 2) x`,
    ],
    to: [stored('off')],
    steps: ['columnstore-rows:plant.metric', 'columnstore-off:plant.metric'],
    hazards: ['drops-object', 'rewrites-data'],
    engines,
  },
];

const hourlyBy = (segmentBy: readonly string[]): Columnstore =>
  byDevice({ segmentBy, orderBy: [desc('bucket')] });
const refreshed = [
  ...filled.timescaledb,
  `CALL public.refresh_continuous_aggregate('plant.hourly', NULL, now())`,
  compressed('plant.hourly'),
];

const ofAggregates: readonly ReconcilerCase[] = [
  {
    name: 'has nothing to do the second time, with columnstore on a table and its aggregate',
    from: [withAggregate({}, hourlyBy(['device']))],
    to: [withAggregate({}, hourlyBy(['device']))],
    steps: [],
  },
  {
    name: 'switches columnstore of an aggregate on, after the aggregate is made',
    from: [],
    to: [withAggregate({}, hourlyBy(['device']))],
    engines,
  },
  {
    name: 'converts chunks of an aggregate again in other segments',
    from: [withAggregate({}, hourlyBy([]))],
    drift: refreshed,
    to: [withAggregate({}, hourlyBy(['device']))],
    steps: ['columnstore:plant.hourly', 'columnstore-layout:plant.hourly'],
    hazards: ['rewrites-data'],
    engines,
  },
  {
    name: 'switches columnstore of an aggregate off',
    from: [withAggregate({}, hourlyBy(['device']))],
    drift: [
      ...refreshed,
      `SELECT public.delete_job(job_id) FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression' AND hypertable_name = 'hourly'`,
    ],
    to: [withAggregate()],
    steps: ['columnstore-rows:plant.hourly', 'columnstore-off:plant.hourly'],
    hazards: ['drops-object', 'rewrites-data'],
    engines,
  },
];

runCases([...onAndOff, ...ofAggregates]);

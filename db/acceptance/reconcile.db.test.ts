// What the reconciler does with a new database, a changed declaration and changes made by hand.
import { schemaSet } from '../language/schema-set';
import { iot } from '../schema/iot';
import { schemaSets } from '../schema/sets';
import { type ReconcilerCase, runCases } from '../testing/run-cases';
import { metricTable, plant } from '../testing/sets';

const withOldRows = `INSERT INTO plant.metric (at, device, value) SELECT now() - interval '40 days' + n * interval '1 minute', 'a', n FROM generate_series(1, 100) n`;

const IOT_ON_POSTGRES: readonly string[] = [
  'internals:tsdb',
  'create-table:public.sensor_thresholds',
  'create-hypertable:public.sensor_data',
  'create-hypertable:public.sensor_alerts',
  'create-index:public.sensor_data(-time)',
  'create-index:public.sensor_data(sensor_id,-time)',
  'create-index:public.sensor_alerts(-time)',
  'create-index:public.sensor_alerts(sensor_id,-time)',
  'create-aggregate:public.sensor_data_hourly',
  'backfill-aggregate:public.sensor_data_hourly',
  'create-aggregate:public.sensor_data_daily',
  'backfill-aggregate:public.sensor_data_daily',
  'create-aggregate:public.sensor_data_monthly',
  'backfill-aggregate:public.sensor_data_monthly',
  'create-aggregate:public.peak_hours',
  'backfill-aggregate:public.peak_hours',
  'add-policy:public.sensor_data:chunks',
  'add-policy:public.sensor_alerts:chunks',
  'add-policy:public.sensor_data_hourly:refresh',
  'add-policy:public.sensor_data_daily:refresh',
  'add-policy:public.sensor_data_monthly:refresh',
  'add-policy:public.peak_hours:refresh',
  'add-policy:public.sensor_data:retention',
  'add-policy:public.sensor_alerts:retention',
  'add-policy:public.sensor_data_hourly:retention',
  'add-policy:public.sensor_data_daily:retention',
  'add-policy:public.peak_hours:retention',
];

const cases: readonly ReconcilerCase[] = [
  {
    name: 'creates the set iot in an empty database',
    from: [],
    to: [iot],
    steps: {
      timescaledb: [
        'internals:tsdb',
        'create-extension:timescaledb',
        'create-table:public.sensor_thresholds',
        'create-hypertable:public.sensor_data',
        'create-hypertable:public.sensor_alerts',
        'create-index:public.sensor_data(-time)',
        'create-index:public.sensor_data(sensor_id,-time)',
        'create-index:public.sensor_alerts(-time)',
        'create-index:public.sensor_alerts(sensor_id,-time)',
        'columnstore:public.sensor_data',
        'create-aggregate:public.sensor_data_hourly',
        'backfill-aggregate:public.sensor_data_hourly',
        'create-aggregate:public.sensor_data_daily',
        'backfill-aggregate:public.sensor_data_daily',
        'create-aggregate:public.sensor_data_monthly',
        'backfill-aggregate:public.sensor_data_monthly',
        'create-aggregate:public.peak_hours',
        'backfill-aggregate:public.peak_hours',
        'add-policy:public.sensor_data_hourly:refresh',
        'add-policy:public.sensor_data_daily:refresh',
        'add-policy:public.sensor_data_monthly:refresh',
        'add-policy:public.peak_hours:refresh',
        'add-policy:public.sensor_data:columnstore',
        'add-policy:public.sensor_data:retention',
        'add-policy:public.sensor_alerts:retention',
        'add-policy:public.sensor_data_hourly:retention',
        'add-policy:public.sensor_data_daily:retention',
        'add-policy:public.peak_hours:retention',
      ],
      postgres: IOT_ON_POSTGRES,
      citus: IOT_ON_POSTGRES.flatMap((id) => {
        if (id === 'create-aggregate:public.sensor_data_hourly')
          return ['create-extension:citus_columnar', id];
        return id === 'add-policy:public.sensor_data:retention'
          ? ['add-policy:public.sensor_data:columnstore', id]
          : [id];
      }),
    },
  },
  { name: 'applies all sets together', from: [], to: Object.values(schemaSets) },
  { name: 'adds every other set beside iot', from: [iot], to: Object.values(schemaSets) },
  { name: 'has nothing to do the second time', from: [plant()], to: [plant()], steps: [] },
  {
    name: 'adds a second set in a schema of its own',
    from: [iot],
    to: [iot, schemaSet('plant', [metricTable({ withoutRetention: true })])],
    steps: {
      timescaledb: [
        'create-schema:plant',
        'create-hypertable:plant.metric',
        'create-index:plant.metric(device,-at)',
        'columnstore:plant.metric',
        'add-policy:plant.metric:columnstore',
      ],
      postgres: [
        'create-schema:plant',
        'create-hypertable:plant.metric',
        'create-index:plant.metric(device,-at)',
        'add-policy:plant.metric:chunks',
      ],
      citus: [
        'create-schema:plant',
        'create-hypertable:plant.metric',
        'create-index:plant.metric(device,-at)',
        'add-policy:plant.metric:chunks',
        'add-policy:plant.metric:columnstore',
      ],
    },
  },
  {
    name: 'changes the chunk interval in place',
    from: [plant()],
    to: [plant({ chunkInterval: '7 days' })],
    steps: ['chunk-interval:plant.metric'],
  },
  {
    name: 'adds a nullable column',
    from: [plant()],
    to: [plant({ extraColumn: true })],
    steps: ['add-column:plant.metric.unit'],
  },
  {
    name: 'builds an index on an empty table without a hazard',
    from: [plant()],
    to: [plant({ extraIndex: true })],
    steps: ['create-index:plant.metric(value)'],
  },
  {
    name: 'says that building an index on rows blocks writes',
    from: [plant({ withoutRetention: true })],
    drift: {
      timescaledb: [withOldRows],
      postgres: [
        withOldRows,
        `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '40 days', now())`,
      ],
    },
    to: [plant({ withoutRetention: true, extraIndex: true })],
    steps: ['create-index:plant.metric(value)'],
    hazards: ['blocks-writes'],
  },
  {
    name: 'says that a new retention deletes old rows',
    from: [plant({ withoutRetention: true })],
    drift: {
      timescaledb: [withOldRows],
      postgres: [
        withOldRows,
        `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '40 days', now())`,
      ],
    },
    to: [plant()],
    steps: ['add-policy:plant.metric:retention'],
    hazards: ['deletes-data'],
  },
  {
    name: 'lengthens retention without a hazard',
    from: [plant()],
    to: [plant({ retention: '90 days' })],
    steps: ['alter-policy:plant.metric:retention'],
  },
  {
    name: 'removes a retention that is no longer declared',
    from: [plant()],
    to: [plant({ withoutRetention: true })],
    steps: [expect.stringMatching(/^remove-policy:plant.metric:retention:\d+$/)],
  },
  {
    name: 'changes window and schedule of a refresh in place',
    from: [plant()],
    to: [plant({ startOffset: '5 days', refreshEvery: '30 minutes' })],
    steps: ['alter-policy:plant.metric_hourly:refresh'],
  },
  {
    name: 'changes the age for columnstore in place',
    from: [plant()],
    to: [plant({ compressAfter: '14 days' })],
    steps: ['alter-policy:plant.metric:columnstore'],
    engines: ['timescaledb'],
  },
  {
    name: 'switches real-time aggregation off',
    from: [plant()],
    to: [plant({ realTime: false })],
    steps: ['real-time:plant.metric_hourly'],
  },
  {
    name: 'repairs a dropped index',
    from: [plant()],
    drift: ['DROP INDEX plant.metric_device_at_idx'],
    to: [plant()],
    steps: ['create-index:plant.metric(device,-at)'],
  },
  {
    name: 'repairs a chunk interval changed by hand',
    from: [plant()],
    drift: {
      timescaledb: [`SELECT public.set_chunk_time_interval('plant.metric', interval '3 days')`],
      postgres: [`UPDATE tsdb.hypertable SET chunk_interval = interval '3 days'`],
    },
    to: [plant()],
    steps: ['chunk-interval:plant.metric'],
  },
  {
    name: 'repairs a policy changed by hand, an open window included',
    from: [plant()],
    drift: {
      timescaledb: [
        `SELECT public.alter_job(job_id, config => jsonb_set(config, '{start_offset}', 'null')) FROM timescaledb_information.jobs WHERE proc_name = 'policy_refresh_continuous_aggregate' AND hypertable_name = 'metric_hourly'`,
      ],
      postgres: [`UPDATE tsdb.job SET start_offset = NULL WHERE object_name = 'metric_hourly'`],
    },
    to: [plant()],
    steps: ['alter-policy:plant.metric_hourly:refresh'],
  },
  {
    name: 'repairs a policy removed by hand',
    from: [plant()],
    drift: {
      timescaledb: [`SELECT public.remove_retention_policy('plant.metric')`],
      postgres: [`DELETE FROM tsdb.job WHERE kind = 'retention' AND object_name = 'metric'`],
    },
    to: [plant()],
    steps: ['add-policy:plant.metric:retention'],
  },
  {
    name: 'repairs columnstore settings changed by hand',
    from: [plant()],
    drift: [`ALTER TABLE plant.metric SET (timescaledb.segmentby = '', timescaledb.orderby = 'at ASC')`],
    to: [plant()],
    steps: ['columnstore:plant.metric'],
    engines: ['timescaledb'],
  },
  {
    name: 'refuses to convert a plain table that lacks columns',
    from: [],
    drift: ['CREATE SCHEMA plant', 'CREATE TABLE plant.metric (id int)'],
    to: [schemaSet('plant', [metricTable()])],
    refusals: ['plant.metric is a plain table, declared as a hypertable'],
  },
  {
    name: 'refuses to convert a plain table',
    from: [],
    drift: [
      'CREATE SCHEMA plant',
      'CREATE TABLE plant.metric (at timestamptz NOT NULL, device text NOT NULL, value double precision)',
    ],
    to: [schemaSet('plant', [metricTable()])],
    refusals: ['plant.metric is a plain table, declared as a hypertable'],
  },
  {
    name: 'repairs the type of a column and names undeclared ones only',
    from: [plant({ extraColumn: true })],
    drift: [
      'ALTER TABLE plant.metric ALTER COLUMN unit TYPE varchar(10)',
      'ALTER TABLE plant.metric ADD COLUMN note text',
    ],
    to: [plant({ extraColumn: true })],
    steps: ['column-type:plant.metric.unit'],
    leaves: ['column note of plant.metric'],
  },
];

runCases(cases);

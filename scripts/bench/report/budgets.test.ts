import { sampleReport } from '../testing/sample-report';
import { judge } from './budgets';
import type { ServerReport } from './report';
import { summarize } from './statistics';

const [timescale, postgres] = sampleReport.servers as readonly [ServerReport, ServerReport];
const all = () => true;
const of = (servers: readonly ServerReport[], id: string) =>
  judge(servers, all).find((budget) => budget.id === id);

it('judges queries and compression on TimescaleDB only, the others on both', () => {
  const ids = (server: ServerReport) => judge([server], all).map(({ id }) => id);
  expect(ids(timescale)).toEqual([
    'queries.hourly-month',
    'queries.daily-year',
    'ingest.import',
    'ingest.memory',
    'compression',
    'compression.sets',
    'api',
  ]);
  expect(ids(postgres)).toEqual(['ingest.import', 'ingest.memory', 'api']);
});

it('meets a limit exactly, and misses it by a little', () => {
  const bytes = { beforeBytes: 1, afterBytes: 1 };
  const saving = (savedPercent: number): ServerReport => ({
    ...timescale,
    compression: {
      tables: [
        { ...bytes, table: 'business.order_metrics', rows: 1, chunks: 1, segmentBy: [], savedPercent: 0 },
        { ...bytes, table: 'public.sensor_data', rows: 1, chunks: 1, segmentBy: [], savedPercent },
      ],
      sets: [
        { ...bytes, set: 'business', savedPercent },
        { ...bytes, set: 'iot', savedPercent: 100 },
      ],
      total: { ...bytes, savedPercent: 0 },
    },
  });
  expect(of([saving(92)], 'compression')).toMatchObject({
    met: true,
    limit: 'at least 92 %',
    found: '92.0 %',
  });
  expect(of([saving(91.9)], 'compression')?.met).toBe(false);
  expect(of([saving(85)], 'compression.sets')).toMatchObject({ met: true, found: '85.0 %' });
  expect(of([saving(84.9)], 'compression.sets')?.met).toBe(false);
});

it('takes the most memory of all runs, not the median', () => {
  const ingest = timescale.ingest as NonNullable<ServerReport['ingest']>;
  const methods = ingest.methods.map((method) =>
    method.id === 'import' ? { ...method, peakMemory: summarize([100, 100, 151], 'MB') } : method,
  );
  expect(of([{ ...timescale, ingest: { ...ingest, methods } }], 'ingest.memory')).toMatchObject({
    met: false,
    found: '151 MB',
  });
});

it('judges writes over HTTP by the size of their bodies, and whole imports of many rows only', () => {
  const ingest = timescale.ingest as NonNullable<ServerReport['ingest']>;
  const [sample] = ingest.methods as [(typeof ingest.methods)[number]];
  const methods = ['import', 'http-csv-1k', 'http-csv-10k'].map((id) => ({
    ...sample,
    id,
    toPsqlCopy: summarize([0.7], '×'),
  }));
  const verdicts = (rows: number) =>
    judge([{ ...timescale, ingest: { ...ingest, rows, methods } }], all)
      .filter(({ id }) => /whole|http/.test(id))
      .map(({ id, limit, met }) => [id, limit, met]);
  const http = [
    ['ingest.http-csv-1k', 'at least 0.6×', true],
    ['ingest.http-csv-10k', 'at least 0.9×', false],
  ];
  expect(verdicts(200_000)).toEqual(http);
  expect(verdicts(1_000_000)).toEqual([['ingest.import-whole', 'at least 1.8×', false], ...http]);
});

it('does not judge a year by a week', () => {
  const ids = judge([timescale], (id) => id !== 'daily-year').map(({ id }) => id);
  expect(ids).toContain('queries.hourly-month');
  expect(ids).not.toContain('queries.daily-year');
});

it('is silent about what was not measured', () => {
  const { queries, ingest, compression, api, ...bare } = timescale;
  expect(judge([bare], all)).toEqual([]);
});

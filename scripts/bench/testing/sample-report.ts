// For tests: a report with every part, as of a run on two servers.
import type { BenchReport, QueryReport, ServerReport, SideBySide } from '../report/report';
import { summarize, summarizeRatio, type Unit } from '../report/statistics';

const around = (value: number, unit: Unit) =>
  summarize(
    [0.93, 0.97, 1, 1.04, 1.2].map((by) => by * value),
    unit,
  );

function sides(raw: number, aggregate: number): SideBySide {
  const ratio = summarizeRatio([raw * 0.9, raw, raw * 1.1], [aggregate, aggregate, aggregate]);
  return { raw: around(raw, 'ms'), aggregate: around(aggregate, 'ms'), ratio };
}

const query = (id: string, title: string, raw: number, aggregate: number, packed: boolean): QueryReport => ({
  id,
  title,
  aggregate: 'public.sensor_data_hourly',
  from: '2026-10-22T00:00:00.000Z',
  to: '2026-11-21T00:00:00.000Z',
  rawRows: 432_000,
  answerRows: 7_200,
  largestDifference: 3.1e-16,
  asRows: sides(raw, aggregate),
  ...(packed ? { asDeclared: sides(raw / 2, aggregate) } : {}),
  wholeAnswer: sides(raw + 20, aggregate + 20),
});

const server = (engine: ServerReport['engine'], describe: string): ServerReport => ({
  engine,
  describe,
  postgresVersion: '17.11',
  timescaledbVersion: engine === 'timescaledb' ? '2.29.2' : null,
  settings: { shared_buffers: '1GB', fsync: 'on', synchronous_commit: 'on' },
  queries: {
    rows: 5_256_000,
    chunks: 366,
    compressedChunks: engine === 'timescaledb' ? 358 : 0,
    cases: [
      query('hourly-day', 'hourly, a day', 14, 1.6, engine === 'timescaledb'),
      query('hourly-month', 'hourly, 30 days', 210, 3.2, engine === 'timescaledb'),
      query('daily-year', 'daily, 365 days', 2_300, 4.1, engine === 'timescaledb'),
    ],
  },
  ingest: {
    rows: 200_000,
    fileBytes: 11_400_000,
    missing: ['timescaledb-parallel-copy'],
    methods: [
      ['row-by-row', 'INSERT, row by row, each committed', 2_000, 1_150],
      ['copy', 'COPY, one stream from Node', 200_000, 182_000],
      ['import-load', 'tsdb import, check and load', 200_000, 158_000],
      ['import', 'tsdb import, whole process', 200_000, 64_000],
      ['psql-copy', 'psql \\copy, whole process', 200_000, 176_000],
    ].map(([id, title, rows, speed]) => ({
      id: String(id),
      title: String(title),
      rows: Number(rows),
      speed: around(Number(speed), 'rows/s'),
      toPsqlCopy: around(Number(speed) / 176_000, '×'),
      peakMemory: id === 'import' ? around(118, 'MB') : null,
    })),
  },
  ...(engine === 'timescaledb'
    ? {
        compression: {
          tables: [
            {
              table: 'public.sensor_data',
              rows: 201_600,
              chunks: 14,
              segmentBy: ['sensor_id'],
              beforeBytes: 34_000_000,
              afterBytes: 5_800_000,
              savedPercent: 82.9,
            },
            {
              table: 'business.revenue_metrics',
              rows: 288,
              chunks: 1,
              segmentBy: ['region'],
              beforeBytes: 32_800,
              afterBytes: 41_000,
              savedPercent: -25,
            },
          ],
          sets: [
            { set: 'iot', beforeBytes: 34_000_000, afterBytes: 5_800_000, savedPercent: 82.9 },
            { set: 'business', beforeBytes: 32_800, afterBytes: 41_000, savedPercent: -25 },
          ],
          total: { beforeBytes: 34_032_800, afterBytes: 5_841_000, savedPercent: 82.8 },
        },
      }
    : {}),
  api: {
    question: 'hourly figures of one sensor over a week (GET /api/sensors/{id}/hourly?period=1w)',
    connections: 8,
    seconds: 2,
    api: around(610, 'requests/s'),
    bareHandler: around(700, 'requests/s'),
    ratio: around(0.87, '×'),
  },
  growth: {
    charts: [
      {
        title: 'latency of the API',
        grows: 'rows',
        at: ['1,051,200 rows', '4,204,800 rows'],
        lines: [
          { title: 'raw day of a sensor', figures: [around(6.1, 'ms'), around(8.7, 'ms')] },
          { title: 'hourly over a year', figures: [around(41, 'ms'), around(44, 'ms')] },
        ],
      },
    ],
  },
  seconds: 432,
});

/** The report. */
export const sampleReport: BenchReport = {
  format: 1,
  started: '2026-11-21T12:00:00.000Z',
  finished: '2026-11-21T12:14:00.000Z',
  command: 'npm run tsdb -- bench --days 365 --sensors 10 --interval 60 --rows 200000 --repeat 7',
  options: {
    days: 365,
    sensors: 10,
    intervalSeconds: 60,
    rows: 200_000,
    repeat: 7,
    parts: ['queries', 'ingest', 'compression', 'api', 'growth'],
  },
  machine: {
    cpu: 'A Processor',
    cores: 2,
    memoryBytes: 25.3e9,
    os: 'A System 12',
    node: '20.20.0',
    loadBefore: 0.4,
    loadAfter: 2.1,
  },
  servers: [
    server('timescaledb', 'PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (installed)'),
    server('postgres', 'PostgreSQL 18.4 (embedded)'),
  ],
  budgets: [
    {
      id: 'queries.hourly-month',
      title: 'aggregate vs raw rows: hourly, 30 days',
      engine: 'timescaledb',
      limit: 'at least 50×',
      found: '65.6×',
      met: true,
    },
    {
      id: 'compression',
      title: 'saved by the columnstore: public.sensor_data',
      engine: 'timescaledb',
      limit: 'at least 92 %',
      found: '82.8 %',
      met: false,
    },
  ],
  notes: ['Figures of one run may be compared with each other.'],
};

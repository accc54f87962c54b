// The limits of the design, held against what was measured.
import { nameOf } from '../../../db/language/names';
import { sensorData } from '../../../db/schema/iot';
import { number } from './format';
import type { Budget, CompressionReport, IngestMethodReport, ServerReport, TableSaving } from './report';

/** A limit from below or from above. */
interface Limit extends Pick<Budget, 'id' | 'title'> {
  /** The figure that is judged; undefined when it was not measured. */
  readonly found: (server: ServerReport) => number | undefined;
  readonly least?: number;
  readonly most?: number;
  readonly unit: string;
}

/** Every limit that these servers were measured for, with the verdict. Queries are judged at their full range only. */
export function judge(
  servers: readonly ServerReport[],
  fullRange: (id: string) => boolean,
): readonly Budget[] {
  return servers.flatMap((server) =>
    [...queryLimits(server, fullRange), ...LIMITS, ...httpLimits(server)].flatMap((limit) =>
      verdictOf(server, limit),
    ),
  );
}

const LEAST_SPEED_UP: Readonly<Record<string, number>> = { 'hourly-month': 50, 'daily-year': 100 };

// Only on TimescaleDB, and against raw rows that are stored as rows; the report also shows them in the columnstore.
function queryLimits(
  { engine, queries }: ServerReport,
  fullRange: (id: string) => boolean,
): readonly Limit[] {
  const cases = engine === 'timescaledb' ? (queries?.cases ?? []) : [];
  return cases.flatMap(({ id, title: query, asRows }) => {
    const least = LEAST_SPEED_UP[id];
    if (least === undefined || !fullRange(id)) return [];
    const title = `aggregate vs raw rows: ${query}`;
    return { id: `queries.${id}`, title, found: () => asRows.ratio.median, least, unit: '×' };
  });
}

// The table that is judged holds the readings of the default set. Chunks with a handful of rows are mostly fixed cost.
const JUDGED_TABLE = nameOf(sensorData);

const LIMITS: readonly Limit[] = [
  {
    id: 'ingest.import',
    title: 'tsdb import (check and load) vs psql \\copy',
    found: (server) => methodOf(server, 'import-load')?.toPsqlCopy?.median,
    least: 0.8,
    unit: '×',
  },
  {
    id: 'ingest.import-whole',
    title: 'tsdb import (whole process) vs psql \\copy',
    found: (server) => ofManyRows(server, 'import'),
    least: 1.8,
    unit: '×',
  },
  {
    id: 'ingest.import-1-whole',
    title: 'tsdb import --workers 1 (whole process) vs psql \\copy',
    found: (server) => ofManyRows(server, 'import-1'),
    least: 1.2,
    unit: '×',
  },
  {
    id: 'ingest.memory',
    title: 'peak memory of tsdb import',
    found: (server) => methodOf(server, 'import')?.peakMemory?.max,
    most: 150,
    unit: ' MB',
  },
  {
    id: 'compression',
    title: `saved by the columnstore: ${JUDGED_TABLE}`,
    found: ({ compression }) => readingsOf(compression)?.savedPercent,
    least: 92,
    unit: ' %',
  },
  {
    id: 'compression.sets',
    title: 'saved by the columnstore: the set that saves least',
    found: ({ compression }) => leastOf(compression?.sets.map(({ savedPercent }) => savedPercent)),
    least: 85,
    unit: ' %',
  },
  {
    id: 'api',
    title: 'API vs bare handler, requests/s',
    found: ({ api }) => api?.ratio.median,
    least: 0.95,
    unit: '×',
  },
];

const leastOf = (figures: readonly number[] = []): number | undefined =>
  figures.length === 0 ? undefined : Math.min(...figures);

// Of few rows, the start of Node.js is most of the figure.
const MANY_ROWS = 1_000_000;

const ofManyRows = (server: ServerReport, id: string): number | undefined =>
  (server.ingest?.rows ?? 0) < MANY_ROWS ? undefined : methodOf(server, id)?.toPsqlCopy?.median;

/** Bodies of 1,000 rows cost more than those of 10,000, because each is a request and a transaction. */
const httpLimits = ({ ingest }: ServerReport): readonly Limit[] =>
  (ingest?.methods ?? [])
    .filter(({ id }) => id.startsWith('http-'))
    .map(({ id, title, toPsqlCopy }) => ({
      id: `ingest.${id}`,
      title: `${title} vs psql \\copy`,
      found: () => toPsqlCopy?.median,
      least: id.endsWith('-10k') ? 0.9 : 0.6,
      unit: '×',
    }));

function verdictOf(server: ServerReport, limit: Limit): readonly Budget[] {
  const { id, title, least, most, unit } = limit;
  const found = limit.found(server);
  if (found === undefined) return [];
  return [
    {
      id,
      title,
      limit: `${most === undefined ? `at least ${least}` : `at most ${most}`}${unit}`,
      found: `${number(found)}${unit}`,
      met: found >= (least ?? found) && found <= (most ?? found),
      engine: server.engine,
    },
  ];
}

/** One ingest method of a server, where it was measured. */
export const methodOf = ({ ingest }: ServerReport, wanted: string): IngestMethodReport | undefined =>
  ingest?.methods.find(({ id }) => id === wanted);

/** What the columnstore saves of the table that is judged. */
export const readingsOf = (report: CompressionReport | undefined): TableSaving | undefined =>
  report?.tables.find(({ table }) => table === JUDGED_TABLE);

// The limits of the design, held against what was measured.
import { nameOf } from '../../../db/language/names';
import { sensorData } from '../../../db/schema/iot';
import { number } from './format';
import type { Budget, CompressionReport, ServerReport, TableSaving } from './report';

type Limits = (server: ServerReport) => readonly Omit<Budget, 'engine'>[];

/** Every limit that these servers were measured for, with the verdict. Queries are judged at their full range only. */
export function judge(
  servers: readonly ServerReport[],
  fullRange: (id: string) => boolean,
): readonly Budget[] {
  return servers.flatMap((server) =>
    [queries(fullRange), ingest, compression, api].flatMap((limits) =>
      limits(server).map((budget) => ({ ...budget, engine: server.engine })),
    ),
  );
}

const LEAST_SPEED_UP: Readonly<Record<string, number>> = { 'hourly-month': 50, 'daily-year': 100 };

// Only on TimescaleDB, and against raw rows that are stored as rows; the report also shows them in the columnstore.
const queries =
  (fullRange: (id: string) => boolean): Limits =>
  ({ engine, queries: report }) =>
    (engine === 'timescaledb' ? (report?.cases ?? []) : []).flatMap(({ id, title, asRows }) => {
      const least = LEAST_SPEED_UP[id];
      if (least === undefined || !fullRange(id)) return [];
      return atLeast(`queries.${id}`, `aggregate vs raw rows: ${title}`, asRows.ratio.median, least, '×');
    });

const ingest: Limits = ({ ingest: report }) => {
  const method = (id: string) => report?.methods.find((one) => one.id === id);
  const ratio = method('import-load')?.toPsqlCopy?.median;
  const peak = method('import')?.peakMemory?.max;
  return [
    ...(ratio === undefined
      ? []
      : atLeast('ingest.import', 'tsdb import (check and load) vs psql \\copy', ratio, 0.8, '×')),
    ...(peak === undefined
      ? []
      : [
          {
            id: 'ingest.memory',
            title: 'peak memory of tsdb import',
            limit: 'at most 150 MB',
            found: `${number(peak)} MB`,
            met: peak <= 150,
          },
        ]),
  ];
};

/** The table that is judged, which holds the readings of the default set. Chunks with a handful of rows are mostly fixed cost. */
export const readingsOf = (report: CompressionReport | undefined): TableSaving | undefined =>
  report?.tables.find(({ table }) => table === nameOf(sensorData));

const compression: Limits = ({ compression: report }) => {
  const readings = readingsOf(report);
  if (readings === undefined) return [];
  return atLeast(
    'compression',
    `saved by the columnstore: ${readings.table}`,
    readings.savedPercent,
    92,
    ' %',
  );
};

const api: Limits = ({ api: report }) =>
  report === undefined
    ? []
    : atLeast('api', 'API vs bare handler, requests/s', report.ratio.median, 0.8, '×');

const atLeast = (
  id: string,
  title: string,
  found: number,
  least: number,
  unit: string,
): readonly Omit<Budget, 'engine'>[] => [
  { id, title, limit: `at least ${least}${unit}`, found: `${number(found)}${unit}`, met: found >= least },
];

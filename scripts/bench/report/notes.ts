// What a reader must know to read the figures of a benchmark right.
import { sensorData } from '../../../db/schema/iot';
import { counted, number } from './format';
import { type Machine, PARTS, type Part, type ServerReport } from './report';

/** Sentences for the end of a report, only those that apply to it. */
export function notesOf(
  { cores, loadBefore }: Pick<Machine, 'cores' | 'loadBefore'>,
  servers: readonly ServerReport[],
): readonly string[] {
  // The load after the run includes the benchmark itself, so only the load before it shows other work.
  const isBusy = loadBefore > cores / 2;
  const missing = [...new Set(servers.flatMap(({ ingest }) => ingest?.missing ?? []))];
  return [
    ...(isBusy
      ? [
          `Other work shared the machine: load ${number(loadBefore)} on ${counted(cores, 'core')} before anything was measured. Times are longer than they would be alone; ratios were measured in turns.`,
        ]
      : []),
    'Figures of one run may be compared with each other, those of different runs or machines may not.',
    ...PARTS.filter((part) => servers.some((server) => server[part])).map((part) => NOTES[part]),
    ...(missing.includes('psql')
      ? ['psql is not installed, so one COPY of the same file by this program stands in for psql \\copy.']
      : []),
    ...(missing.length > 0 ? [`Not measured, because it is not installed: ${missing.join(', ')}.`] : []),
  ];
}

const NOTES: Readonly<Record<Part, string>> = {
  queries: [
    'Queries: figures per sensor and bucket, for all sensors at once: average, least and greatest temperature, average humidity and pressure, number of readings.',
    'Both sides were found to give the same answer (largest relative difference 1e-9) before they were timed.',
    `Raw rows “as declared” are in the columnstore after ${sensorData.columnstore?.after}.`,
    '“In the server” is the server’s own clock (EXPLAIN ANALYZE without the timing of steps), “whole answer” is from the question to the last row in the client.',
    'Both are prepared statements: planning is not in the figures.',
    'Aggregates are read as declared, with real-time on; all buckets of the ranges are stored.',
    'How much an aggregate wins depends on how many readings go into a bucket.',
    'Jobs, retention among them, are paused.',
  ].join(' '),
  ingest: [
    'Ingest: the same rows, the table emptied before each measurement, the order rotated, all rows counted afterwards, and the aggregates compared with the raw rows after an import.',
    'The table has its indexes and its aggregates. Slow methods get the first part of the rows.',
    '“check and load” is what psql \\copy is compared with: without starting Node.js and without refreshing the aggregates; psql’s own start, some hundredths of a second, is in its figure.',
    'Requests over HTTP are ready before the clock starts; four are under way at a time, on connections that are kept. The bare consumer parses the same bodies and checks nothing.',
  ].join(' '),
  compression:
    'Compression: sample data without gaps and outliers, every whole chunk converted; bytes with indexes, as TimescaleDB notes them when it converts.',
  growth:
    'Growth: sizes are multiples of --rows, each four times the one before; a size that would take too long is left out. The rows of the API are a year of readings of more and more sensors, in the columnstore where they are old. An import is measured once.',
  api: 'API: beside node:http with the same driver, the same SQL and JSON.stringify; API, bare handler, load generator and database share the machine.',
};

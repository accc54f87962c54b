// A benchmark's report for the terminal: plain tables, each figure with unit and spread.
import type { Paint } from '../../db/reconcile/format';
import { table } from '../output';
import { bytes, count, machineLine, medianOf, middleOf, number, optionsLine, rangeOf } from './format';
import type {
  ApiReport,
  BenchReport,
  CompressionReport,
  IngestReport,
  QueriesReport,
  ServerReport,
  SideBySide,
} from './report';

/** The whole report; colours mark verdicts only. */
export function formatReport(report: BenchReport, paint: Paint): string {
  const { machine } = report;
  return [
    `${machineLine(machine)}; load ${number(machine.loadBefore)} before, ${number(machine.loadAfter)} after`,
    optionsLine(report),
    'Medians; “middle half” is from the first to the third quartile.',
    ...report.servers.flatMap((server) => formatServer(server, paint)),
    '',
    ...(report.budgets.length > 0 ? [paint.bold('Budgets'), formatBudgets(report, paint), ''] : []),
    ...report.notes.map((note) => `· ${note}`),
  ].join('\n');
}

function formatServer(server: ServerReport, paint: Paint): readonly string[] {
  const { describe, settings, queries, ingest, compression, api, seconds } = server;
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return [
    '',
    paint.bold(`${describe} · ${seconds} s`),
    paint.dim(set.join('  ')),
    ...(queries ? formatQueries(queries) : []),
    ...(ingest ? formatIngest(ingest) : []),
    ...(compression ? formatCompression(compression) : []),
    ...(api ? formatApi(api) : []),
  ];
}

function formatQueries({ rows, chunks, compressedChunks, cases }: QueriesReport): readonly string[] {
  const line = (title: string, stored: string, { raw, aggregate, ratio }: SideBySide): readonly string[] => [
    title,
    stored,
    medianOf(raw),
    middleOf(raw),
    medianOf(aggregate),
    middleOf(aggregate),
    medianOf(ratio),
    middleOf(ratio),
  ];
  const lines = cases.flatMap(({ title, asRows, asDeclared, wholeAnswer }) => [
    line(title, 'in the server, raw as rows', asRows),
    ...(asDeclared ? [line('', 'in the server, raw as declared', asDeclared)] : []),
    line('', 'whole answer in the client', wholeAnswer),
  ]);
  return [
    '',
    `Queries: raw rows vs aggregate, all sensors (${count(rows)} rows, ${chunks} chunks, ${compressedChunks} of them in the columnstore as declared)`,
    table(['', '', 'raw', 'middle half', 'aggregate', 'middle half', 'times as fast', 'middle half'], lines),
  ];
}

function formatIngest({ rows, fileBytes, methods }: IngestReport): readonly string[] {
  return [
    '',
    `Ingest: ${count(rows)} rows, ${bytes(fileBytes)} as CSV`,
    table(
      ['', 'rows', 'median', 'middle half', 'range', 'vs psql \\copy', 'peak memory'],
      methods.map(({ title, rows: each, speed, toPsqlCopy, peakMemory }) => [
        title,
        count(each),
        medianOf(speed),
        middleOf(speed),
        rangeOf(speed),
        toPsqlCopy === null ? '' : medianOf(toPsqlCopy),
        peakMemory === null ? '' : `${medianOf(peakMemory)} (at most ${number(peakMemory.max)})`,
      ]),
    ),
  ];
}

function formatCompression({ tables, total }: CompressionReport): readonly string[] {
  return [
    '',
    'Compression: columnstore of each declared table',
    table(
      ['', 'rows', 'chunks', 'segment by', 'before', 'after', 'saved'],
      [
        ...tables.map((one) => [
          one.table,
          count(one.rows),
          count(one.chunks),
          one.segmentBy.join(', '),
          bytes(one.beforeBytes),
          bytes(one.afterBytes),
          `${one.savedPercent.toFixed(1)} %`,
        ]),
        [
          'all',
          '',
          '',
          '',
          bytes(total.beforeBytes),
          bytes(total.afterBytes),
          `${total.savedPercent.toFixed(1)} %`,
        ],
      ],
    ),
  ];
}

function formatApi({
  question,
  connections,
  seconds,
  api,
  bareHandler,
  ratio,
}: ApiReport): readonly string[] {
  return [
    '',
    `API: ${question}; ${connections} connections, ${seconds} s each`,
    table(
      ['', 'median', 'middle half', 'range'],
      [
        ['API', medianOf(api), middleOf(api), rangeOf(api)],
        ['bare handler', medianOf(bareHandler), middleOf(bareHandler), rangeOf(bareHandler)],
        ['API / bare handler', medianOf(ratio), middleOf(ratio), rangeOf(ratio)],
      ],
    ),
  ];
}

function formatBudgets({ budgets }: BenchReport, paint: Paint): string {
  return table(
    ['', 'engine', 'limit', 'found', ''],
    budgets.map(({ title, engine, limit, found, met }) => [
      title,
      engine,
      limit,
      found,
      met ? paint.green('met') : paint.red('missed'),
    ]),
  );
}

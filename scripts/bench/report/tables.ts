// The figures of a server as tables, which the terminal and the page draw each in its own way.
import { bytes, count, counted } from './format';
import type {
  ApiReport,
  Budget,
  CompressionReport,
  GrowthChart,
  IngestReport,
  QueriesReport,
  Saving,
  ServerReport,
  SideBySide,
} from './report';
import type { Measured } from './statistics';

/** A table of figures with a line above it. */
export interface ReportTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Which figures of one unit a bar compares: those of a row, or those of the whole table. */
  readonly compared: 'row' | 'table';
}

export interface Column {
  readonly title: string;
  /** What the terminal shows of a measured figure besides its median. The page shows all of it. */
  readonly spread?: 'middle half' | 'middle half and range' | 'greatest';
}

/** A text, a measured figure, a share in percent, or nothing where there is no figure. */
export type Cell = string | Measured | { readonly percent: number } | null;

const columns = (...all: readonly (string | Column)[]): readonly Column[] =>
  all.map((column) => (typeof column === 'string' ? { title: column } : column));

/** The tables of the parts that were measured, in the order of the report. */
export function tablesOf({
  queries,
  ingest,
  compression,
  api,
  growth,
}: ServerReport): readonly ReportTable[] {
  return [
    ...(queries ? [queryTable(queries)] : []),
    ...(ingest ? [ingestTable(ingest)] : []),
    ...(compression ? [compressionTable(compression)] : []),
    ...(api ? [apiTable(api)] : []),
    ...(growth?.charts ?? []).map(growthTable),
  ];
}

function queryTable({ rows, chunks, compressedChunks, cases }: QueriesReport): ReportTable {
  const sides = ({ raw, aggregate, ratio }: SideBySide): readonly Cell[] => [raw, aggregate, ratio];
  return {
    title: `Queries: raw rows vs aggregate, all sensors (${counted(rows, 'row')}, ${counted(chunks, 'chunk')}, ${count(compressedChunks)} of them in the columnstore as declared)`,
    columns: columns(
      '',
      '',
      { title: 'raw', spread: 'middle half' },
      { title: 'aggregate', spread: 'middle half' },
      { title: 'times as fast', spread: 'middle half' },
    ),
    rows: cases.flatMap(({ title, asRows, asDeclared, wholeAnswer }) => [
      [title, 'in the server, raw as rows', ...sides(asRows)],
      ...(asDeclared ? [['', 'in the server, raw as declared', ...sides(asDeclared)]] : []),
      ['', 'whole answer in the client', ...sides(wholeAnswer)],
    ]),
    compared: 'row',
  };
}

function ingestTable({ rows, fileBytes, methods }: IngestReport): ReportTable {
  return {
    title: `Ingest: ${counted(rows, 'row')}, ${bytes(fileBytes)} as CSV`,
    columns: columns('', 'rows', { title: 'median', spread: 'middle half and range' }, 'vs psql \\copy', {
      title: 'peak memory',
      spread: 'greatest',
    }),
    rows: methods.map(({ title, rows: written, speed, toPsqlCopy, peakMemory }) => {
      return [title, count(written), speed, toPsqlCopy, peakMemory];
    }),
    compared: 'table',
  };
}

function compressionTable({ tables, sets, total }: CompressionReport): ReportTable {
  const saving = ({ beforeBytes, afterBytes, savedPercent }: Saving): readonly Cell[] => [
    bytes(beforeBytes),
    bytes(afterBytes),
    { percent: savedPercent },
  ];
  return {
    title: 'Compression: columnstore of each declared table',
    columns: columns('', 'rows', 'chunks', 'segment by', 'before', 'after', 'saved'),
    rows: [
      ...tables.map((one) => {
        const { table, rows, chunks, segmentBy } = one;
        return [table, count(rows), count(chunks), segmentBy.join(', '), ...saving(one)];
      }),
      ...sets.map((one) => [`set ${one.set}`, '', '', '', ...saving(one)]),
      ['all', '', '', '', ...saving(total)],
    ],
    compared: 'table',
  };
}

function apiTable({ question, connections, seconds, api, bareHandler, ratio }: ApiReport): ReportTable {
  return {
    title: `API: ${question}; ${counted(connections, 'connection')}, ${seconds} s each`,
    columns: columns('', { title: 'median', spread: 'middle half and range' }),
    rows: [
      ['API', api],
      ['bare handler', bareHandler],
      ['API / bare handler', ratio],
    ],
    compared: 'table',
  };
}

const growthTable = ({ title, grows, at, lines }: GrowthChart): ReportTable => ({
  title: `Growth: ${title} over ${grows}`,
  columns: columns('', ...at),
  rows: lines.map((line) => [line.title, ...line.figures]),
  compared: 'row',
});

/** What each question of the queries was, and how far its two answers differ. */
export function askedTable({ cases }: QueriesReport): ReportTable {
  return {
    title: 'Queries: what was asked; both answers were compared',
    columns: columns('', 'aggregate', 'from', 'raw rows', 'rows of the answer', 'answers differ by'),
    rows: cases.map((one) => [
      one.title,
      one.aggregate,
      one.from.slice(0, 10),
      count(one.rawRows),
      count(one.answerRows),
      one.largestDifference === 0 ? '0' : one.largestDifference.toExponential(1),
    ]),
    compared: 'table',
  };
}

/** The main figures of all servers, a column for each. */
export function sideBySideTable(servers: readonly ServerReport[]): ReportTable {
  const figures = servers.map((server) => new Map(mainFigures(server)));
  const names = [...new Set(figures.flatMap((of) => [...of.keys()]))];
  return {
    title: 'Main figures of the servers',
    columns: columns('', ...servers.map(({ describe }) => describe.replace(/ \([^()]*\)$/, ''))),
    rows: names.map((name) => [name, ...figures.map((of) => of.get(name) ?? null)]),
    compared: 'row',
  };
}

const mainFigures = ({ queries, ingest, compression, api }: ServerReport): (readonly [string, Cell])[] => [
  ...(queries?.cases ?? []).map(
    ({ title, asRows }) => [`${title}: aggregate, times as fast as raw rows`, asRows.ratio] as const,
  ),
  ...(ingest?.methods ?? []).map(({ title, speed }) => [title, speed] as const),
  ...(compression
    ? [['saved by the columnstore, all tables', { percent: compression.total.savedPercent }] as const]
    : []),
  ...(api ? [['API', api.api] as const, ['API / bare handler', api.ratio] as const] : []),
];

/** Every limit with what was found and the verdict. */
export const budgetTable = (budgets: readonly Budget[]): ReportTable => ({
  title: 'Limits that the design sets, held against this run',
  columns: columns('', 'engine', 'limit', 'found', 'verdict'),
  rows: budgets.map((budget) => [...budgetCells(budget), budget.met ? 'met' : 'missed']),
  compared: 'table',
});

/** All cells of a limit but the verdict. */
export const budgetCells = ({ title, engine, limit, found }: Budget) => [title, engine, limit, found];

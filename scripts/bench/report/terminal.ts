// A benchmark's report for the terminal: plain tables, each figure with unit and spread.
import type { Paint } from '../../../db/reconcile/format';
import { table } from '../../output';
import { machineLine, medianOf, middleOf, number, optionsLine, percent, rangeOf } from './format';
import type { BenchReport, ServerReport } from './report';
import { budgetCells, type Cell, type Column, type ReportTable, tablesOf } from './tables';

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
  const set = Object.entries(server.settings).map(([name, value]) => `${name}=${value}`);
  return [
    '',
    paint.bold(`${server.describe} · ${server.seconds} s`),
    paint.dim(set.join('  ')),
    ...tablesOf(server).flatMap(formatTable),
  ];
}

const formatTable = ({ title, columns, rows }: ReportTable): readonly string[] => [
  '',
  title,
  table(
    columns.flatMap(headerOf),
    rows.map((row) => row.flatMap((cell, at) => cellsOf(cell, columns[at]?.spread))),
  ),
];

function headerOf({ title, spread }: Column): readonly string[] {
  if (spread === 'middle half') return [title, 'middle half'];
  return spread === 'middle half and range' ? [title, 'middle half', 'range'] : [title];
}

/** As many cells as `headerOf` has for the column. */
function cellsOf(cell: Cell, spread: Column['spread']): readonly string[] {
  if (cell === null) return [''];
  if (typeof cell === 'string') return [cell];
  if ('percent' in cell) return [percent(cell.percent)];
  switch (spread) {
    case undefined:
      return [medianOf(cell)];
    case 'greatest':
      return [`${medianOf(cell)} (at most ${number(cell.max)})`];
    case 'middle half':
      return [medianOf(cell), middleOf(cell)];
    case 'middle half and range':
      return [medianOf(cell), middleOf(cell), rangeOf(cell)];
  }
}

function formatBudgets({ budgets }: BenchReport, paint: Paint): string {
  const rows = budgets.map((budget) => {
    return [...budgetCells(budget), budget.met ? paint.green('met') : paint.red('missed')];
  });
  return table(['', 'engine', 'limit', 'found', ''], rows);
}

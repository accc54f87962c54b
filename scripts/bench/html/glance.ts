// Both engines side by side: the same figures in one table.
import type { ServerReport } from '../report';
import type { Measured } from '../statistics';
import { dataTable } from './data-table';
import { figure, SMALL_LINES } from './figure';
import type { Markup } from './markup';

type Cell = string | Markup;
type Line = readonly [name: string, pick: (server: ServerReport) => Cell | undefined];

/** A column for each server; undefined when there is nothing to compare. */
export function glanceTable(servers: readonly ServerReport[]): Markup | undefined {
  if (servers.length < 2) return undefined;
  const cases = servers.flatMap(({ queries }) => queries?.cases ?? []);
  const methods = servers.flatMap(({ ingest }) => ingest?.methods ?? []);
  const lines: readonly Line[] = [
    ...named(cases).map(
      ([id, title]): Line => [
        `${title}: aggregate, times as fast as raw rows`,
        ({ queries }) => show(queries?.cases.find((query) => query.id === id)?.asRows.ratio),
      ],
    ),
    ...named(methods).map(
      ([id, title]): Line => [
        title,
        ({ ingest }) => show(ingest?.methods.find((one) => one.id === id)?.speed),
      ],
    ),
    [
      'saved by the columnstore, all tables',
      ({ compression }) => compression && `${compression.total.savedPercent.toFixed(1)} %`,
    ],
    ['API', ({ api }) => show(api?.api)],
    ['API / bare handler', ({ api }) => show(api?.ratio)],
  ];
  const rows = lines.flatMap(([name, pick]) => {
    const cells = servers.map(pick);
    return cells.every((cell) => cell === undefined) ? [] : [[name, ...cells.map((cell) => cell ?? '–')]];
  });
  return dataTable({
    caption: `Medians; ${SMALL_LINES}`,
    header: ['', ...servers.map(({ describe }) => describe.replace(/ \([^()]*\)$/, ''))],
    rows,
  });
}

const show = (measured: Measured | undefined): Markup | undefined => measured && figure(measured);

const named = (
  items: readonly { readonly id: string; readonly title: string }[],
): readonly (readonly [id: string, title: string])[] => [
  ...new Map(items.map(({ id, title }) => [id, title])),
];

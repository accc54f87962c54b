// The head of the page: the answers in large, one tile for each, with the limit that the design sets.
import { readingsOf } from '../budgets';
import { bytes, medianOf, middleOf, number } from '../format';
import type { Budget, ServerReport } from '../report';
import { html, type Markup } from './markup';

interface Tile {
  readonly figure: string;
  readonly unit: string;
  readonly what: string;
  readonly detail: string;
  /** Budgets of the same matter. */
  readonly budgets: readonly string[];
}

/** Tiles of one server. */
export function summaryTiles(server: ServerReport, budgets: readonly Budget[]): Markup {
  const own = budgets.filter(({ engine }) => engine === server.engine);
  return html`<ul class="tiles">${tilesOf(server).map(
    ({ figure, unit, what, detail, budgets: ids }) =>
      html`<li><strong>${figure}<small>${unit}</small></strong><span class="what">${what}</span><span class="soft">${detail}</span><span class="verdict">${own
        .filter(({ id }) => ids.includes(id))
        .map(verdict)}</span></li>`,
  )}</ul>`;
}

/** Whether a limit was kept, in colour and in words. */
export const verdict = ({ limit, met }: Budget): Markup =>
  html`<span class="${met ? 'met' : 'missed'}">${met ? 'met' : 'missed'}: ${limit}</span> `;

function tilesOf({ queries, ingest, compression, api }: ServerReport): readonly Tile[] {
  const shown = queries?.cases.filter(({ id }) => id === 'hourly-month' || id === 'daily-year') ?? [];
  const load = ingest?.methods.find(({ id }) => id === 'import-load');
  const readings = readingsOf(compression);
  const whole = ingest?.methods.find(({ id }) => id === 'import');
  return [
    ...shown.map(
      ({ id, title, asRows }): Tile => ({
        figure: number(asRows.ratio.median),
        unit: '×',
        what: `as fast as raw rows: ${title}`,
        detail: `${medianOf(asRows.raw)} from raw rows, ${medianOf(asRows.aggregate)} from the aggregate`,
        budgets: [`queries.${id}`],
      }),
    ),
    ...(load === undefined
      ? []
      : [
          {
            figure: number(load.speed.median),
            unit: ' rows/s',
            what: 'tsdb import, check and load',
            detail: [
              ...(load.toPsqlCopy === null ? [] : [`${medianOf(load.toPsqlCopy)} of psql \\copy`]),
              ...(whole?.peakMemory ? [`${number(whole.peakMemory.max)} MB memory at most`] : []),
            ].join(', '),
            budgets: ['ingest.import', 'ingest.memory'],
          },
        ]),
    ...(readings === undefined || compression === undefined
      ? []
      : [
          {
            figure: readings.savedPercent.toFixed(1),
            unit: ' %',
            what: 'of sensor_data saved by the columnstore',
            detail: `${bytes(readings.beforeBytes)} before, ${bytes(readings.afterBytes)} after; all tables ${compression.total.savedPercent.toFixed(1)} %`,
            budgets: ['compression'],
          },
        ]),
    ...(api === undefined
      ? []
      : [
          {
            figure: number(api.ratio.median),
            unit: '×',
            what: 'API beside a bare handler',
            detail: `${medianOf(api.api)}, middle half ${middleOf(api.api)}`,
            budgets: ['api'],
          },
        ]),
  ];
}

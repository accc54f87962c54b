// The answers in large, one tile for each, with the limits that the design sets.
import { methodOf, readingsOf } from '../report/budgets';
import { bytes, compareSpeed, medianOf, middleOf, number, percent } from '../report/format';
import type { Budget, ServerReport } from '../report/report';
import { html, type Markup } from './markup';

/** Tiles of one server. */
export function summary(server: ServerReport, budgets: readonly Budget[]): Markup {
  const { engine, queries, compression, api } = server;
  const tile = (answer: string, about: string, detail: string, limits: readonly string[]): Markup => {
    const judged = budgets.filter((budget) => budget.engine === engine && limits.includes(budget.id));
    return html`<li class="card"><strong>${answer}</strong>${about}<small>${detail}</small>${judged.map(verdict)}</li>`;
  };
  const load = methodOf(server, 'import-load');
  const memory = methodOf(server, 'import')?.peakMemory;
  const readings = readingsOf(compression);
  const tiles = [
    queries?.cases
      .filter(({ id }) => id === 'hourly-month' || id === 'daily-year')
      .map(({ id, title, asRows: { raw, aggregate, ratio } }) =>
        tile(
          compareSpeed(ratio.median),
          `the aggregate, compared with raw rows: ${title}`,
          `${medianOf(raw)} from raw rows, ${medianOf(aggregate)} from the aggregate`,
          [`queries.${id}`],
        ),
      ),
    load &&
      tile(
        medianOf(load.speed),
        'tsdb import, check and load',
        [
          ...(load.toPsqlCopy ? [`${medianOf(load.toPsqlCopy)} of psql \\copy`] : []),
          ...(memory ? [`${number(memory.max)} MB memory at most`] : []),
        ].join(', '),
        ['ingest.import', 'ingest.memory'],
      ),
    readings &&
      compression &&
      tile(
        percent(readings.savedPercent),
        'of sensor_data saved by the columnstore',
        `${bytes(readings.beforeBytes)} before, ${bytes(readings.afterBytes)} after; all tables ${percent(compression.total.savedPercent)}`,
        ['compression'],
      ),
    api &&
      tile(
        medianOf(api.ratio),
        'API beside a bare handler',
        `${medianOf(api.api)}, middle half ${middleOf(api.api)}`,
        ['api'],
      ),
  ];
  return html`<ul class="tiles">${tiles}</ul>`;
}

const verdict = ({ limit, met }: Budget): Markup =>
  html`<span class="${met ? 'met' : 'missed'}">${met ? 'met' : 'missed'}: ${limit}</span> `;

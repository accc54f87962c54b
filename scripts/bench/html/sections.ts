// The page's parts about ingest, columnstore and API.
import { bytes, count } from '../format';
import type { ApiReport, CompressionReport, IngestReport, Saving } from '../report';
import { type Bar, barChart } from './bar-chart';
import { dataTable } from './data-table';
import { figure, SMALL_LINES } from './figure';
import { html, type Markup } from './markup';

/** Rows per second of each method. */
export function ingestSection({ rows, fileBytes, methods }: IngestReport): Markup {
  const kindOf = (id: string): Bar['kind'] =>
    id.startsWith('import') ? 'accent' : id === 'psql-copy' ? 'packed' : 'plain';
  return html`<p>${count(rows)} rows of <code>sensor_data</code>, ${bytes(fileBytes)} as CSV; the table has its indexes and aggregates.</p>
<div class="pair">${barChart({
    title: 'Rows per second of each ingest method',
    unit: 'rows/s',
    axis: 'linear',
    groups: [
      { bars: methods.map(({ id, title, speed }) => ({ label: title, kind: kindOf(id), value: speed })) },
    ],
  })}
<div>${dataTable({
    caption: `Ingest methods, same rows; ${SMALL_LINES}`,
    header: ['', 'rows', 'speed', 'vs psql \\copy', 'peak memory'],
    rows: methods.map(({ title, rows: each, speed, toPsqlCopy, peakMemory }) => [
      title,
      count(each),
      figure(speed),
      toPsqlCopy === null ? '–' : figure(toPsqlCopy),
      peakMemory === null ? '–' : figure(peakMemory),
    ]),
  })}</div></div>`;
}

/** What is left of each table in the columnstore. */
export function compressionSection({ tables, total }: CompressionReport): Markup {
  const line = ({ beforeBytes, afterBytes, savedPercent }: Saving): readonly string[] => [
    bytes(beforeBytes),
    bytes(afterBytes),
    `${savedPercent.toFixed(1)} %`,
  ];
  return html`<p>Bytes with indexes, before and after whole chunks were converted; sample data without gaps and outliers.</p>
<div class="pair">${barChart({
    title: 'Percent saved by the columnstore, by table',
    unit: '%',
    axis: 'linear',
    reach: 100,
    groups: [
      {
        bars: [
          ...tables.map(
            ({ table, savedPercent }): Bar => ({ label: table, kind: 'good', value: savedPercent }),
          ),
          { label: 'all tables', kind: 'accent', value: total.savedPercent },
        ],
      },
    ],
  })}
<div>${dataTable({
    caption: 'Columnstore of each declared table',
    header: ['', 'rows', 'chunks', 'segment by', 'before', 'after', 'saved'],
    text: [3],
    rows: [
      ...tables.map((one) => [
        one.table,
        count(one.rows),
        count(one.chunks),
        one.segmentBy.join(', '),
        ...line(one),
      ]),
      ['all', '', '', '', ...line(total)],
    ],
  })}</div></div>`;
}

/** Requests per second beside the bare handler. */
export function apiSection({ question, connections, seconds, api, bareHandler, ratio }: ApiReport): Markup {
  return html`<p>${question}; ${connections} connections, ${seconds} s each.</p>
<div class="pair">${barChart({
    title: 'Requests per second of the API and of a bare handler',
    unit: 'requests/s',
    axis: 'linear',
    groups: [
      {
        bars: [
          { label: 'API', kind: 'accent', value: api },
          { label: 'bare handler', kind: 'plain', value: bareHandler },
        ],
      },
    ],
  })}
<div>${dataTable({
    caption: `API beside a bare handler; ${SMALL_LINES}`,
    header: ['', 'median'],
    rows: [
      ['API', figure(api)],
      ['bare handler', figure(bareHandler)],
      ['API / bare handler', figure(ratio)],
    ],
  })}</div></div>`;
}

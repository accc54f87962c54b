// Compression, schema, aggregates and jobs as tables. Each `show…` fills its card and returns what to say above the table.
import { byId, element } from '../element.js';
import { tableParts } from '../table.js';
import { bytesText, countText, dateText, durationText, numberText } from '../text.js';

// The colours of states; other states have none.
const BADGES = {
  fresh: 'good',
  ok: 'good',
  stale: 'warning',
  late: 'warning',
  paused: 'warning',
  failing: 'bad',
};
// States of jobs from calm to urgent; other states are calm.
const URGENCY = ['paused', 'late', 'failing'];

/** Shows `GET /api/operations/compression`. */
export function showCompression({ available, tables }) {
  const bytes = (value, row) => (row.compressed_chunks > 0 ? bytesText(value) : '–');
  fill('compression', available ? tables : [], [
    { name: 'table', title: 'table' },
    { name: 'chunks', title: 'chunks', text: (chunks, row) => `${row.compressed_chunks} of ${chunks}` },
    { name: 'before_bytes', title: 'before', text: bytes },
    { name: 'after_bytes', title: 'after', text: bytes },
    { name: 'saved_percent', title: 'saved', text: meter },
  ]);
  if (!available)
    return 'Compression is not available on this engine: PostgreSQL without TimescaleDB Community keeps all chunks as rows.';
  if (tables.length === 0) return 'No table is declared with a columnstore.';
  const packed = tables.filter((table) => table.compressed_chunks > 0);
  if (packed.length === 0)
    return 'No chunk is compressed yet; chunks are compressed when they are old enough.';
  const total = (name) => bytesText(packed.reduce((sum, row) => sum + (row[name] ?? 0), 0));
  return `${total('before_bytes')} are compressed to ${total('after_bytes')}`;
}

/** Shows `GET /api/operations/aggregates`. */
export function showAggregates({ aggregates }) {
  const isEmpty = ({ watermark }) => watermark === null;
  fill('aggregates', aggregates, [
    { name: 'aggregate', title: 'aggregate' },
    {
      name: 'state',
      title: 'state',
      text: (state, row) => (isEmpty(row) ? badge('no complete bucket yet') : badge(state, BADGES[state])),
    },
    { name: 'watermark', title: 'complete to (UTC)', text: (time) => timeText(time, 16) },
    { name: 'age_seconds', title: 'behind by', text: durationText },
    { name: 'every', title: 'refreshed', text: (every) => `every ${every}`, none: 'by hand' },
  ]);
  if (aggregates.length === 0) return 'No aggregate is declared.';
  const stale = aggregates.filter(({ state }) => state === 'stale').length;
  const empty = aggregates.filter(isEmpty).length;
  return [
    countText(aggregates.length, 'aggregate'),
    ...(stale > 0 ? [`${stale} stale`] : []),
    ...(empty > 0 ? [`${empty} without a complete bucket yet`] : []),
    ...(stale + empty === 0 ? ['all fresh'] : []),
  ].join(', ');
}

/** Shows `GET /api/operations/drift`. */
export function showDrift({ checked_at: checkedAt, in_sync: inSync, steps, refusals }) {
  const differences = [
    ...steps.map(({ object, action, summary }) => ({ object, text: `${action}: ${summary}` })),
    ...refusals.map(({ object, what, way_out: wayOut }) => ({ object, text: `${what}; ${wayOut}` })),
  ];
  fill('drift', differences, [
    { name: 'object', title: 'object' },
    { name: 'text', title: 'difference' },
  ]);
  const at = `${dateText(checkedAt)} UTC`;
  if (inSync) return `The database is as declared (checked ${at}).`;
  return `The database differs from the declaration (checked ${at}); "tsdb plan" tells more.`;
}

/** Shows `GET /api/operations/jobs`. */
export function showJobs({ jobs }) {
  // What needs a look comes first; the others keep their order.
  const byUrgency = jobs.toSorted((a, b) => URGENCY.indexOf(b.state) - URGENCY.indexOf(a.state));
  fill('jobs', byUrgency, [
    { name: 'job', title: 'job' },
    { name: 'state', title: 'state', text: (state) => badge(state, BADGES[state]) },
    { name: 'last_finished', title: 'last finished (UTC)', text: (time) => timeText(time, 19) },
    { name: 'next_start', title: 'next start (UTC)', text: (time) => timeText(time, 19) },
    { name: 'error', title: 'error' },
  ]);
  if (jobs.length === 0) return 'There are no jobs.';
  const failing = jobs.filter(({ state }) => state === 'failing').length;
  return `${countText(jobs.length, 'job')}, ${failing === 0 ? 'none' : failing} failing`;
}

function fill(id, rows, columns) {
  const table = byId(id).querySelector('table');
  table.hidden = rows.length === 0;
  table.replaceChildren(...tableParts(columns, rows));
}

const timeText = (iso, length) => element('time', { dateTime: iso }, dateText(iso).slice(0, length));

// The word stands beside the colour, as many readers cannot tell by colour alone.
const badge = (word, kind = '') => element('span', { className: `badge ${kind}` }, word.replaceAll('-', ' '));

function meter(percent) {
  const bar = element('span', { className: 'meter', 'aria-hidden': 'true' });
  bar.style.setProperty('--share', `${percent}%`);
  return element('span', { className: 'saved' }, `${numberText(percent)} %`, bar);
}

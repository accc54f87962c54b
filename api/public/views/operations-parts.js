// Compression, schema, aggregates and jobs as tables. Each `show…` fills its card and returns what to say above the table.
import { byId, element } from '../element.js';
import { bytesText, countText, dateText, durationText, numberText } from '../text.js';

/** `GET /api/operations/compression` */
export function showCompression({ available, tables }) {
  if (!available) {
    fill('compression', [], []);
    return 'Compression is not available on this engine: PostgreSQL without TimescaleDB Community keeps all chunks as rows.';
  }
  const packed = tables.filter((table) => table.compressed_chunks > 0);
  fill(
    'compression',
    ['table', 'chunks', 'before', 'after', 'saved'],
    tables.map((row) => [
      row.table,
      `${row.compressed_chunks} of ${row.chunks}`,
      row.compressed_chunks > 0 ? bytesText(row.before_bytes) : '–',
      row.compressed_chunks > 0 ? bytesText(row.after_bytes) : '–',
      saved(row.saved_percent),
    ]),
  );
  if (tables.length === 0) return 'No table is declared with a columnstore.';
  if (packed.length === 0) return 'No chunk is compressed yet: chunks are once they are old enough.';
  const total = (name) => packed.reduce((sum, row) => sum + (row[name] ?? 0), 0);
  return `${bytesText(total('before_bytes'))} became ${bytesText(total('after_bytes'))}`;
}

/** `GET /api/operations/aggregates` */
export function showAggregates({ aggregates }) {
  const states = { fresh: 'good', stale: 'warning', never: 'neutral' };
  fill(
    'aggregates',
    ['aggregate', 'state', 'stored to (UTC)', 'age', 'refreshed'],
    aggregates.map((row) => [
      row.aggregate,
      badge(row.state === 'never' ? 'no complete bucket yet' : row.state, states[row.state]),
      row.watermark ? timeText(row.watermark, 16) : '–',
      row.age_seconds == null ? '–' : durationText(row.age_seconds),
      row.every ? `every ${row.every}` : 'by hand',
    ]),
  );
  if (aggregates.length === 0) return 'No aggregate is declared.';
  const count = (state) => aggregates.filter((row) => row.state === state).length;
  const notes = [
    ...(count('stale') > 0 ? [`${count('stale')} not fresh`] : []),
    ...(count('never') > 0 ? [`${count('never')} without a complete bucket yet`] : []),
  ];
  return `${countText(aggregates.length, 'aggregate')}, ${notes.join(', ') || 'all fresh'}`;
}

/** `GET /api/operations/drift` */
export function showDrift({ checked_at: checkedAt, in_sync: inSync, steps, refusals }) {
  fill(
    'drift',
    ['object', 'difference'],
    [
      ...steps.map(({ object, action, summary }) => [object, `${action}: ${summary}`]),
      ...refusals.map(({ object, what, way_out: wayOut }) => [object, `${what}; ${wayOut}`]),
    ],
  );
  const at = `${dateText(checkedAt)} UTC`;
  if (inSync) return `The database is as declared (checked ${at}).`;
  return `The database differs from the declaration (checked ${at}); "tsdb plan" tells more.`;
}

/** `GET /api/operations/jobs` */
export function showJobs({ jobs }) {
  fill(
    'jobs',
    ['job', 'state', 'last finished (UTC)', 'next start (UTC)', 'error'],
    // What needs a look comes first; the others keep their order.
    jobs
      .toSorted((a, b) => URGENCY.indexOf(b.state) - URGENCY.indexOf(a.state))
      .map((row) => [
        row.job,
        badge(row.state.replaceAll('-', ' '), JOB_STATES[row.state]),
        row.last_finished ? timeText(row.last_finished, 19) : '–',
        row.next_start ? timeText(row.next_start, 19) : '–',
        row.error ?? '–',
      ]),
  );
  const failing = jobs.filter(({ state }) => state === 'failing').length;
  if (jobs.length === 0) return 'There are no jobs.';
  return failing > 0
    ? `${countText(failing, 'job')} of ${jobs.length} failing`
    : `${countText(jobs.length, 'job')}, none failing`;
}

// From calm to urgent; `not-run-yet` and `ok` are both calm.
const URGENCY = ['paused', 'late', 'failing'];

const timeText = (iso, length) =>
  element('time', { dateTime: iso, textContent: dateText(iso).slice(0, length) });

const JOB_STATES = {
  ok: 'good',
  failing: 'bad',
  late: 'warning',
  paused: 'warning',
  'not-run-yet': 'neutral',
};

// A word beside the colour: colour alone says nothing to many.
const badge = (text, kind) => element('span', { className: `badge ${kind}`, textContent: text });

function saved(percent) {
  if (percent == null) return '–';
  const meter = element('span', { className: 'meter', 'aria-hidden': 'true' }, element('i'));
  meter.firstChild.style.width = `${Math.max(0, Math.min(100, percent))}%`;
  return element('span', { className: 'saved' }, `${numberText(percent)} %`, meter);
}

/** A table of texts and elements; on narrow screens each row becomes a block with the titles beside the values. */
function fill(id, titles, rows) {
  const body = rows.map((cells) =>
    element(
      'tr',
      { role: 'row' },
      ...cells.map((cell, at) =>
        at === 0
          ? element('th', { scope: 'row', role: 'rowheader' }, cell)
          : element('td', { role: 'cell', 'data-title': titles[at] }, cell),
      ),
    ),
  );
  const head = element(
    'tr',
    { role: 'row' },
    ...titles.map((title) => element('th', { scope: 'col', role: 'columnheader' }, title)),
  );
  const table = element(
    'table',
    { role: 'table', 'aria-labelledby': `${id}-title` },
    element('thead', { role: 'rowgroup' }, head),
    element('tbody', { role: 'rowgroup' }, ...body),
  );
  byId(id)
    .querySelector('.rows')
    .replaceChildren(...(rows.length > 0 ? [table] : []));
}

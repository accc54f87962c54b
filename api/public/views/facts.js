// Says where the shown readings come from, what the sensor reads now, and the figures as table rows.
import { byId, element, terms } from '../element.js';
import { timeColumn } from '../table.js';
import { agoText, dateText, numberText } from '../text.js';

/** Which relation answered, with which bucket, how fresh, how much and how fast. */
export function showFacts({ answer, level, wanted, milliseconds }) {
  byId('facts').replaceChildren(
    ...terms([
      ['source', answer.source],
      ['resolution', `${answer.bucket ?? 'every reading'}${wanted === 'automatic' ? ' (automatic)' : ''}`],
      ['rows', `${numberText(answer.count, 0)} in ${milliseconds} ms`],
      ['freshness', freshnessText(answer.freshness)],
    ]),
  );
  if (answer.count === 0) {
    byId('facts').append(
      element(
        'div',
        { className: 'nothing' },
        element('dt', {}, 'no rows'),
        element('dd', {}, emptyText(level)),
      ),
    );
  }
}

const emptyText = (level) =>
  `There are no ${level === 'raw' ? 'readings' : `${level} figures`} in this range; choose a longer or another one.`;

/** `complete to 12:00, newer rows computed live`. */
export function freshnessText(freshness) {
  if (!freshness) return 'live rows';
  const { watermark, real_time: realTime } = freshness;
  if (watermark === null) return realTime ? 'computed live' : 'never refreshed';
  return `stored to ${dateText(watermark).slice(0, 16)}${realTime ? ', newer computed live' : ', newer not shown'}`;
}

/** The newest reading in the heads of the cards; null when there is none any more. */
export function showNow(reading, unit) {
  for (const card of document.querySelectorAll('.quantity')) {
    const name = Object.keys(unit).find((quantity) => card.classList.contains(quantity));
    const value = reading?.[name];
    const text = value == null ? '–' : numberText(value);
    card
      .querySelector('.now')
      .replaceChildren(
        element('strong', { textContent: text }),
        element('span', { textContent: reading ? ` ${unit[name]} ${agoText(reading.time)}` : ' no reading' }),
      );
  }
}

/** The answer as the table of figures shows it. */
export function tableOf({ data, unit, count }) {
  const names = Object.keys(data[0] ?? { time: '' });
  const columns = names.map((name, at) =>
    at === 0
      ? timeColumn(name)
      : name === 'reading_count'
        ? { name, title: 'readings', text: (value) => numberText(value, 0) }
        : { name, title: titleOf(name, unit), text: (value) => numberText(value, 2) },
  );
  return { columns, rows: data, count };
}

function titleOf(name, unit) {
  const quantity = Object.keys(unit).find((one) => name.endsWith(one));
  return `${name.replaceAll('_', ' ')}${quantity ? ` (${unit[quantity]})` : ''}`;
}

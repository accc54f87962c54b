// The figures of a sensor in words: its newest reading in the heads of the charts, and the columns of the table.
import { element } from '../element.js';
import { timeColumn } from '../table.js';
import { agoText, numberText } from '../text.js';
import { QUANTITIES } from './sensor-readings.js';

/** Shows the newest reading; null when there is none any more. */
export function showNewest(reading, unit) {
  for (const name of QUANTITIES) {
    document
      .querySelector(`.${name} .now`)
      .replaceChildren(
        element('strong', {}, numberText(reading?.[name])),
        reading ? ` ${unit[name]} ${agoText(reading.time)}` : ' no reading',
      );
  }
}

/** The rows of an answer as `figuresTable` takes them. The counts of values are weights, which would only make it wider. */
export function figuresOf({ data, unit }) {
  const [time = 'time', ...all] = Object.keys(data[0] ?? {});
  const names = all.filter((name) => !name.startsWith('count_'));
  return { columns: [timeColumn(time), ...names.map((name) => columnOf(name, unit))], rows: data };
}

function columnOf(name, unit) {
  if (name === 'reading_count') return { name, title: 'readings', text: (value) => numberText(value, 0) };
  const quantity = QUANTITIES.find((one) => name.endsWith(one));
  const title = name.replaceAll('_', ' ');
  return {
    name,
    title: quantity ? `${title} (${unit[quantity]})` : title,
    text: (value) => numberText(value, 2),
  };
}

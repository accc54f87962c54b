// Says where the shown rows come from, how fresh they are, how many they are, and how long they took.
import { terms } from '../element.js';
import { dateText, numberText } from '../text.js';

/** Fills a list of terms. `rows` is the plural of what the rows are, and `more` are further terms with their values. */
export function showFacts(list, { answer, resolution, rows, milliseconds, more = [] }) {
  const { source, count, freshness } = answer;
  list.replaceChildren(
    ...terms([
      ['source', source],
      ['resolution', resolution],
      ['rows', `${numberText(count, 0)} in ${milliseconds} ms`],
      ['freshness', freshnessText(freshness)],
      ...staleTerms(freshness),
      ...more,
      ...(count === 0
        ? [['no rows', `There are no ${rows} in this range; choose a longer or another one.`]]
        : []),
    ]),
  );
}

/** Rows of a table are always current. An aggregate is complete to its watermark. */
function freshnessText(freshness) {
  if (!freshness) return 'always current';
  const { watermark, real_time: isRealTime } = freshness;
  if (watermark === null) return isRealTime ? 'computed live' : 'no complete bucket yet';
  return `complete to ${dateText(watermark).slice(0, 16)}, newer ${isRealTime ? 'computed live' : 'not shown'}`;
}

const SHOWN = 3;

/** Buckets whose readings have changed since they were computed. */
function staleTerms(freshness) {
  const { stale, stale_count: count } = freshness ?? {};
  if (!count) return [];
  const minute = (time) => dateText(time).slice(0, 16);
  const named = stale.slice(0, SHOWN).map(({ from, to }) => `${minute(from)} to ${minute(to)}`);
  const more = count > SHOWN ? ` and ${count - SHOWN} more` : '';
  return [['out of date', `${named.join(', ')}${more}, until the next refresh`]];
}

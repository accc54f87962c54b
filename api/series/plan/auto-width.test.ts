import { resolveRange } from '../request/ranges';
import { now, questionOf, tableOf } from '../testing/questions';
import { chooseWidth, widthText } from './planner';

describe('the width of bucket=auto', () => {
  it.each([
    ['sensor_data', 'count', 1_000, '1h', '5 seconds'],
    ['sensor_data', 'count', 3_601, '1h', '1 second'],
    ['sensor_data', 'count', 1_000, '1d', '5 minutes'],
    ['sensor_data', 'count', 10, '1d', '3 hours'],
    ['sensor_data', 'count', 1_000, '3m', '3 hours'],
    // Older than readings are kept: as fine as the hourly figures go.
    ['sensor_data', 'count', 10_000, '6m', '1 hour'],
    ['sensor_data', 'count', 1_000, '2y', '1 day'],
    ['sensor_data', 'count', 10_000, '9y', '1 month'],
    // Nothing has it all: only the points decide.
    ['sensor_data', 'median(temperature)', 1_000, '9y', '7 days'],
    ['market.stock_prices', 'count', 1_000, '9y', '7 days'],
    ['sensor_data', 'count', 1, '9y', '16 years'],
  ])('chooses a width: %s %s with %i points over %s is %s', (name, field, points, period, expected) => {
    const range = resolveRange({ period }, now);
    expect(widthText(chooseWidth(questionOf(tableOf(name), { field }), points, range, now))).toBe(expected);
  });
});

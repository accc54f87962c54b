// Set `market`: stock prices and their daily candles.
import { continuousAggregate } from '../language/aggregate';
import { bigint, float8, text, timestamptz } from '../language/columns';
import { first, last, max, min, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';

/** Prices per symbol; four hash partitions keep the rows of one symbol together. */
export const stockPrices = hypertable('market.stock_prices', {
  columns: {
    time: timestamptz().notNull(),
    symbol: text().notNull(),
    open: float8(),
    high: float8(),
    low: float8(),
    close: float8(),
    volume: bigint(),
  },
  time: 'time',
  chunkInterval: '7 days',
  hash: { by: 'symbol', count: 4 },
  indexes: [index('symbol', desc('time'))],
});

/** Open, high, low, close and volume per symbol and day. */
export const stockPricesDaily = continuousAggregate('market.stock_prices_daily', {
  from: stockPrices,
  bucket: '1 day',
  groupBy: ['symbol'],
  select: {
    open: first('open', 'time'),
    high: max('high'),
    low: min('low'),
    close: last('close', 'time'),
    volume: sum('volume'),
  },
  realTime: true,
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
});

export const market = schemaSet('market', [stockPrices, stockPricesDaily]);

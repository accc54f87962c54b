// Sample data of set `market`: prices that walk at random, on weekdays from 14:30 to 21:00 UTC.
import { stockPrices } from '../../../db/schema/market';
import { randomAt } from '../random';
import { fixed2, isWeekend, perSeries, type SampleSet, stamp } from '../sample';

const SYMBOLS = ['ALFA', 'BRVO', 'CHRL', 'DLTA', 'ECHO', 'FXTR', 'GOLF', 'HTEL', 'INDA', 'JULT'];
const [OPENS, CLOSES] = [14.5, 21];
// Prices move this much in a year of trading: 252 days of six and a half hours.
const YEARLY_VOLATILITY = 0.25;
const YEAR_SECONDS = 252 * (CLOSES - OPENS) * 3_600;

/** The last price of each symbol. */
interface State {
  readonly price: number[];
}

export const marketSample: SampleSet<State> = {
  name: 'market',
  tables: [stockPrices],
  begin: ({ seed, series }) => {
    const random = randomAt(seed, 'first price', 0);
    return {
      price: perSeries(series, () => Math.round(2_000 * Math.exp(1.2 + 0.6 * random.normal())) / 100),
    };
  },
  walk:
    (state, { seed, intervalSeconds }) =>
    (time, lines) => {
      if (!isOpen(time)) return;
      const random = randomAt(seed, 'market', time);
      const at = stamp(time);
      const move = YEARLY_VOLATILITY * Math.sqrt(Math.min(intervalSeconds, 23_400) / YEAR_SECONDS);
      // The busiest are the first and the last hour.
      const hour = hourOf(time);
      const rush = 0.6 + 1.4 * ((hour - (OPENS + CLOSES) / 2) / ((CLOSES - OPENS) / 2)) ** 2;
      const common = random.normal();
      for (const [which, open] of state.price.entries()) {
        const own = random.normal();
        // All symbols follow the market in part.
        const close = cents(open * Math.exp(move * (0.5 * common + 0.87 * own)));
        const high = cents(Math.max(open, close) * (1 + 0.5 * move * Math.abs(random.normal())));
        const low = cents(Math.min(open, close) * (1 - 0.5 * move * Math.abs(random.normal())));
        const volume = Math.round(
          intervalSeconds * 15 * rush * Math.exp(0.5 * random.normal()) * (1 + Math.abs(own)),
        );
        state.price[which] = close;
        lines[0] += `${at}\t${symbolOf(which)}\t${fixed2(open)}\t${fixed2(high)}\t${fixed2(low)}\t${fixed2(close)}\t${volume}\n`;
      }
    },
};

const symbolOf = (at: number): string =>
  `${SYMBOLS[at % SYMBOLS.length]}${at < SYMBOLS.length ? '' : Math.floor(at / SYMBOLS.length)}`;

const hourOf = (time: number): number => (time / 3_600_000) % 24;

const isOpen = (time: number): boolean => !isWeekend(time) && hourOf(time) >= OPENS && hourOf(time) < CLOSES;

const cents = (price: number): number => Math.max(1, Math.round(price * 100)) / 100;

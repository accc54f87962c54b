// Sample data of set `apm`: requests of services with rush hours, latencies with a long tail, and bursts of errors.
import { apmMetrics } from '../../../db/schema/apm';
import { randomAt } from '../random';
import { daily, isWeekend, perSeries, type SampleSet, stamp } from '../sample';

const SERVICES = ['shop', 'payments', 'search', 'accounts'];
const ENDPOINTS = ['/list', '/detail', '/create', '/update', '/health'];
// A burst lasts ten minutes on average and comes about once in three days to each endpoint.
const BURST_SECONDS = 600;
const BETWEEN_SECONDS = 3 * 86_400;

/** Whether an endpoint is in trouble. */
interface State {
  readonly trouble: boolean[];
}

export const apmSample: SampleSet<State> = {
  name: 'apm',
  tables: [apmMetrics],
  begin: ({ series }) => ({ trouble: perSeries(series, () => false) }),
  walk:
    (state, { seed, intervalSeconds }) =>
    (time, lines) => {
      const random = randomAt(seed, 'apm', time);
      const rush = (1 + 0.7 * daily(time, 14)) * (isWeekend(time) ? 0.5 : 1);
      for (const [which, before] of state.trouble.entries()) {
        const change = intervalSeconds / (before ? BURST_SECONDS : BETWEEN_SECONDS);
        const trouble = random.uniform() < change ? !before : before;
        state.trouble[which] = trouble;
        // Two requests a minute on average; later endpoints are asked less.
        const requests = random.poisson((intervalSeconds / 30) * rush * (1.4 - 0.2 * (which % 5)));
        const typical = 20 + 15 * ((which * 7) % 9);
        const name = `${serviceOf(which)}\t${ENDPOINTS[which % ENDPOINTS.length]}`;
        const times = perSeries(requests, () => time + Math.floor(random.uniform() * intervalSeconds * 1000));
        for (const at of times.sort((a, b) => a - b)) {
          const latency = typical * (0.8 + 0.3 * rush) * (trouble ? 4 : 1) * Math.exp(0.5 * random.normal());
          lines[0] += `${stamp(at)}\t${name}\t${Math.max(1, Math.round(latency))}\t${statusOf(random.uniform(), trouble)}\n`;
        }
      }
    },
};

function serviceOf(at: number): string {
  const service = Math.floor(at / ENDPOINTS.length);
  const again = Math.floor(service / SERVICES.length);
  return `${SERVICES[service % SERVICES.length]}${again === 0 ? '' : `-${again + 1}`}`;
}

function statusOf(chance: number, trouble: boolean): number {
  if (chance < (trouble ? 0.3 : 0.003)) return chance < (trouble ? 0.15 : 0.001) ? 503 : 500;
  return chance > 0.98 ? 404 : 200;
}

// Sample data of set `monitoring`: readings with place, battery and signal, thresholds and alerts, metrics of hosts.
import {
  appMetrics,
  sensorAlerts,
  sensorData,
  sensorReadings,
  sensorThresholds,
} from '../../../db/schema/monitoring';
import { randomAt } from '../random';
import { daily, fixed2, perSeries, type SampleSet, stamp } from '../sample';
import { advanceClimate, alertLines, beginClimate, type ClimateState, limitLines, limitsOf } from './climate';

const LOCATIONS = ['roof', 'lobby', 'server room', 'warehouse', 'office'];
const HOSTS = ['web-1', 'web-2', 'worker-1'];
const LIFETIME_DAYS = 120;

interface State {
  readonly climate: ClimateState;
  /** Percent. */
  readonly battery: number[];
  /** Wandering part of each host's load, in standard deviations. */
  readonly load: number[];
}

export const monitoringSample: SampleSet<State> = {
  name: 'monitoring',
  seriesAre: 'sensors',
  tables: [sensorData, sensorReadings, appMetrics, sensorAlerts],
  registry: { table: sensorThresholds, lines: (options) => limitLines(options, (sensor) => sensor + 1) },
  begin: (options) => ({
    climate: beginClimate(options),
    battery: perSeries(options.series, (at) => 100 - ((at * 7) % 40)),
    load: HOSTS.map(() => 0),
  }),
  advance(state, time, options, lines) {
    const at = stamp(time);
    const limits = limitsOf(options);
    const random = randomAt(options.seed, 'monitoring', time);
    // An empty battery is replaced by a full one.
    const drain = (options.intervalSeconds / 86_400 / LIFETIME_DAYS) * 100;
    for (let sensor = 0; sensor < options.series; sensor += 1) {
      const left = (state.battery[sensor] as number) - drain * (0.5 + random.uniform());
      state.battery[sensor] = left < 5 ? 100 : left;
    }
    advanceClimate(state.climate, time, options, (sensor, values) => {
      const measured = `${at}\t${sensor + 1}\t${fixed2(values[0] as number)}\t${fixed2(values[1] as number)}\t${fixed2(values[2] as number)}`;
      // The signal is weaker the farther away a sensor is, and by day, when people stand in between.
      const rssi = Math.round(-50 - ((sensor * 11) % 35) - 3 * daily(time, 14) + 2 * random.normal());
      lines[0] += `${measured}\t${LOCATIONS[sensor % LOCATIONS.length]}\n`;
      lines[1] += `${measured}\t${fixed2(state.battery[sensor] as number)}\t${Math.min(-20, Math.max(-110, rssi))}\n`;
      lines[3] += alertLines(at, sensor + 1, sensor, values, limits);
    });
    const memory = Math.exp(-options.intervalSeconds / 7_200);
    HOSTS.forEach((host, which) => {
      const load = memory * (state.load[which] as number) + Math.sqrt(1 - memory ** 2) * random.normal();
      state.load[which] = load;
      const busy = 35 + 20 * daily(time, 13) + 8 * load;
      const tags = `{"env": "production", "role": "${host.split('-')[0]}"}`;
      for (const [metric, value] of [
        ['cpu', busy],
        ['memory', 55 + 0.2 * busy + random.normal()],
        ['requests', Math.max(0, busy * 12 + 20 * random.normal())],
      ] as const) {
        const most = metric === 'requests' ? Number.POSITIVE_INFINITY : 100;
        lines[2] += `${at}\t${host}\t${metric}\t${fixed2(Math.min(most, Math.max(0, value)))}\t${tags}\n`;
      }
    });
  },
};

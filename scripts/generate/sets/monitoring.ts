// Sample data of set `monitoring`: readings with place, battery and signal, thresholds and alerts, metrics of hosts.
import {
  appMetrics,
  sensorAlerts,
  sensorData,
  sensorReadings,
  sensorThresholds,
} from '../../../db/schema/monitoring';
import { randomAt } from '../random';
import { clamp, daily, fixed2, perSeries, type SampleSet, stamp, wandering } from '../sample';
import { alertLines, beginClimate, type ClimateState, limitLines, limitsOf, walkClimate } from './climate';

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
  tables: [sensorData, sensorReadings, appMetrics, sensorAlerts],
  registry: { table: sensorThresholds, lines: (options) => limitLines(options, (sensor) => sensor + 1) },
  begin: (options) => ({
    climate: beginClimate(options),
    battery: perSeries(options.series, (at) => 100 - ((at * 7) % 40)),
    load: HOSTS.map(() => 0),
  }),
  walk({ climate, battery, load }, options) {
    const walked = walkClimate(climate, options);
    const limits = limitsOf(options);
    const wander = wandering(options.intervalSeconds, 2);
    const drain = (options.intervalSeconds / 86_400 / LIFETIME_DAYS) * 100;
    return (time, lines) => {
      const at = stamp(time);
      const random = randomAt(options.seed, 'monitoring', time);
      for (const [sensor, before] of battery.entries()) {
        const left = before - drain * (0.5 + random.uniform());
        // An empty battery is replaced by a full one.
        battery[sensor] = left < 5 ? 100 : left;
      }
      walked(time, (sensor, values) => {
        const measured = `${at}\t${sensor + 1}\t${values.map(fixed2).join('\t')}`;
        // The signal is weaker the farther away a sensor is, and by day, when people stand in between.
        const rssi = Math.round(-50 - ((sensor * 11) % 35) - 3 * daily(time, 14) + 2 * random.normal());
        lines[0] += `${measured}\t${LOCATIONS[sensor % LOCATIONS.length]}\n`;
        lines[1] += `${measured}\t${fixed2(battery[sensor] as number)}\t${clamp(rssi, -110, -20)}\n`;
        lines[3] += alertLines(at, sensor + 1, values, limits[sensor]);
      });
      for (const [which, host] of HOSTS.entries()) {
        const moved = wander(load[which] as number, random);
        load[which] = moved;
        const busy = 35 + 20 * daily(time, 13) + 8 * moved;
        const values = {
          cpu: clamp(busy, 0, 100),
          memory: clamp(55 + 0.2 * busy + random.normal(), 0, 100),
          requests: Math.max(0, busy * 12 + 20 * random.normal()),
        };
        const tags = `{"env": "production", "role": "${host.split('-')[0]}"}`;
        for (const [metric, value] of Object.entries(values))
          lines[2] += `${at}\t${host}\t${metric}\t${fixed2(value)}\t${tags}\n`;
      }
    };
  },
};

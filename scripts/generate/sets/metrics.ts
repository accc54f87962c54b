// Sample data of set `metrics`: metrics with tags, telemetry of devices that move, and metrics of applications.
import { appMetrics, deviceTelemetry, metric } from '../../../db/schema/metrics';
import { randomAt } from '../random';
import { clamp, daily, fixed2, perSeries, type SampleSet, stamp, wandering } from '../sample';

const REGIONS = ['north', 'south', 'east', 'west'];
const APPLICATIONS = ['gateway', 'billing'];

interface State {
  readonly devices: {
    load: number;
    disk: number;
    received: number;
    sent: number;
    longitude: number;
    latitude: number;
  }[];
}

export const metricsSample: SampleSet<State> = {
  name: 'metrics',
  tables: [metric, deviceTelemetry, appMetrics],
  begin: ({ seed, series }) => {
    const random = randomAt(seed, 'places', 0);
    return {
      devices: perSeries(series, () => ({
        load: 0,
        disk: 20 + 40 * random.uniform(),
        received: 0,
        sent: 0,
        longitude: 13.4 + 0.2 * random.normal(),
        latitude: 52.5 + 0.1 * random.normal(),
      })),
    };
  },
  walk({ devices }, { seed, series, intervalSeconds }) {
    const wander = wandering(intervalSeconds, 2);
    const ids = perSeries(series, (which) => randomAt(seed, 'device', which).uuid());
    const distance = 0.0001 * Math.sqrt(intervalSeconds / 60);
    return (time, lines) => {
      const random = randomAt(seed, 'metrics', time);
      const at = stamp(time);
      for (const [which, device] of devices.entries()) {
        device.load = wander(device.load, random);
        const cpu = percent(40 + 20 * daily(time, 14) + 10 * device.load);
        const ram = percent(50 + 0.3 * cpu + random.normal());
        // The disk fills up by about half a percent a day, and is cleaned up when it is nearly full.
        device.disk += (intervalSeconds / 86_400) * random.uniform();
        if (device.disk > 92) device.disk = 35;
        device.received += Math.round(cpu * intervalSeconds * 900 * random.uniform());
        device.sent += Math.round(cpu * intervalSeconds * 250 * random.uniform());
        device.longitude += distance * random.normal() - 0.001 * (device.longitude - 13.4);
        device.latitude += distance * random.normal() - 0.001 * (device.latitude - 52.5);
        const region = REGIONS[which % REGIONS.length];
        const name = `device_${String(which + 1).padStart(3, '0')}`;
        const tags = `{"region": "${region}", "model": "m${1 + (which % 3)}"}`;
        const heat = 30 + 0.35 * cpu + 0.5 * random.normal();
        lines[0] += `${at}\t${name}\tcpu_temperature\t${fixed2(heat)}\t${tags}\n${at}\t${name}\tfan_rpm\t${fixed2(600 + 40 * heat)}\t${tags}\n`;
        lines[1] += `${at}\t${ids[which]}\t${fixed2(cpu)}\t${fixed2(ram)}\t${fixed2(percent(device.disk))}\t${device.received}\t${device.sent}\t(${device.longitude.toFixed(5)},${device.latitude.toFixed(5)})\t{"name": "${name}", "firmware": "2.${which % 4}"}\n`;
      }
      for (const application of APPLICATIONS)
        for (const instance of [1, 2]) {
          const requests = Math.max(0, 80 + 50 * daily(time, 14) + 8 * random.normal());
          const labels = '{"env": "production"}';
          const name = `${at}\t${application}\t${application}-${instance}`;
          lines[2] += `${name}\trequests_per_second\t${fixed2(requests)}\t${labels}\n${name}\tlatency_ms\t${fixed2((12 + requests / 10) * Math.exp(0.2 * random.normal()))}\t${labels}\n`;
        }
    };
  },
};

const percent = (value: number): number => clamp(value, 0, 100);

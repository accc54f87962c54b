// Sample data of set `iot`: readings, thresholds, and the alerts that follow from them.
import { sensorAlerts, sensorData, sensorThresholds } from '../../../db/schema/iot';
import { fixed2, type SampleSet, sensorId, stamp } from '../sample';
import { advanceClimate, alertLines, beginClimate, type ClimateState, limitLines, limitsOf } from './climate';

export const iotSample: SampleSet<ClimateState> = {
  name: 'iot',
  seriesAre: 'sensors',
  tables: [sensorData, sensorAlerts],
  registry: { table: sensorThresholds, lines: (options) => limitLines(options, sensorId) },
  begin: beginClimate,
  advance(state, time, options, lines) {
    const at = stamp(time);
    const limits = limitsOf(options);
    let readings = '';
    let alerts = '';
    advanceClimate(state, time, options, (sensor, values) => {
      const id = ids[sensor] ?? sensorId(sensor);
      readings += `${at}\t${id}\t${fixed2(values[0] as number)}\t${fixed2(values[1] as number)}\t${fixed2(values[2] as number)}\n`;
      alerts += alertLines(at, id, sensor, values, limits);
    });
    lines[0] += readings;
    lines[1] += alerts;
  },
};

const ids: readonly string[] = Array.from({ length: 999 }, (_, at) => sensorId(at));

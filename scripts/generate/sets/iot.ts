// Sample data of set `iot`: readings, thresholds, and the alerts that follow from them.
import { sensorAlerts, sensorData, sensorThresholds } from '../../../db/schema/iot';
import { fixed2, perSeries, type SampleSet, sensorId, stamp } from '../sample';
import { alertLines, beginClimate, type ClimateState, limitLines, limitsOf, walkClimate } from './climate';

export const iotSample: SampleSet<ClimateState> = {
  name: 'iot',
  tables: [sensorData, sensorAlerts],
  registry: { table: sensorThresholds, lines: (options) => limitLines(options, sensorId) },
  begin: beginClimate,
  walk(state, options) {
    const climate = walkClimate(state, options);
    const limits = limitsOf(options);
    const ids = perSeries(options.series, sensorId);
    return (time, lines) => {
      const at = stamp(time);
      climate(time, (sensor, values) => {
        const id = ids[sensor] as string;
        lines[0] += `${at}\t${id}\t${values.map(fixed2).join('\t')}\n`;
        lines[1] += alertLines(at, id, values, limits[sensor]);
      });
    };
  },
};

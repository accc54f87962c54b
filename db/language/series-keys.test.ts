import { sensorAlerts, sensorData, sensorThresholds } from '../schema/iot';
import { appMetrics } from '../schema/monitoring';
import { faultOfSeriesKey, seriesKeys } from './series-keys';

describe('seriesKeys', () => {
  it('are the texts that an index leads with or the columnstore segments by', () => {
    expect([sensorData, sensorAlerts].map((table) => [...seriesKeys(table)])).toEqual([
      ['sensor_id'],
      ['sensor_id'],
    ]);
    expect(seriesKeys(appMetrics)).not.toContain('tags');
    expect(sensorThresholds.kind).toBe('table');
  });
});

describe('faultOfSeriesKey', () => {
  it.each(['', ' ', '\t\n', '\u00a0\u3000', '.', '..'])('refuses %j', (text) =>
    expect(faultOfSeriesKey(text)).toBeDefined(),
  );
  it.each(['a', ' a', '...', '-', '0', 'ünï/ çødé', '温度'])('takes %j', (text) =>
    expect(faultOfSeriesKey(text)).toBeUndefined(),
  );
});

import { sensorData, sensorDataDaily, sensorDataHourly } from '../../../db/schema/iot';
import { instantOf } from '../../http/time';
import { lateRows } from './late';

const NOW = instantOf('2026-11-20T12:00:00Z');
const at = (...times: string[]) => times.map((time) => ({ at: Number(instantOf(time)) }));

const WITHOUT_RETENTION = { schema: 'public', name: 'kept' };

describe('lateRows', () => {
  // The hourly aggregate looks back three days; the daily one is over it and does not count.
  const aggregates = [sensorDataHourly, sensorDataDaily];

  it('counts what lies before the window, and names the command that helps', () => {
    const rows = at(
      '2026-11-17T11:59:59.9Z',
      '2026-11-17T12:00:00Z',
      '2026-11-20T11:00:00Z',
      '2020-01-01T00:00:00Z',
    );
    expect(lateRows(sensorData, aggregates, rows, NOW)).toEqual({
      rows: 2,
      from: '2020-01-01T00:00:00Z',
      to: '2026-11-17T11:59:59.9Z',
      way_out:
        '1 of them are older than the 90 days that public.sensor_data keeps, so its next retention run deletes them; check their times. No refresh policy of public.sensor_data looks that far back; run: npm run tsdb -- refresh --from 2020-01-01T00:00:00Z --to 2026-11-17T12:00:00Z',
    });
  });

  it('is null for rows in time, and for tables without aggregates', () => {
    expect(
      lateRows(sensorData, aggregates, at('2026-11-17T12:00:00Z', '2030-01-01T00:00:00Z'), NOW),
    ).toBeNull();
    expect(lateRows(sensorData, aggregates, [], NOW)).toBeNull();
    expect(lateRows(WITHOUT_RETENTION, [], at('2020-01-01T00:00:00Z'), NOW)).toBeNull();
  });
});

import { evaluate } from './evaluate';

const units = new Map([
  ['temperature', '°C'],
  ['rssi', undefined],
]);
const time = '2026-11-20T12:00:00Z';
const at = (values: Readonly<Record<string, number | null>>, sensor_id = 'a') => ({
  time,
  sensor_id,
  values,
});
const range = { sensor_id: 'a', metric: 'temperature', minimum: 10, maximum: 35 };

describe('evaluate', () => {
  it('says what was too high and too low, with the unit', () => {
    expect(evaluate([at({ temperature: 41.2 }), at({ temperature: -3 })], [range], units)).toEqual([
      {
        time,
        sensor_id: 'a',
        alert_type: 'temperature_high',
        message: 'temperature 41.2 °C is above 35 °C',
        value: 41.2,
        threshold: 35,
      },
      {
        time,
        sensor_id: 'a',
        alert_type: 'temperature_low',
        message: 'temperature -3 °C is below 10 °C',
        value: -3,
        threshold: 10,
      },
    ]);
  });

  it('does without a unit', () => {
    const weak = { sensor_id: 'a', metric: 'rssi', minimum: -90, maximum: null };
    expect(evaluate([at({ rssi: -97 })], [weak], units)[0]?.message).toBe('rssi -97 is below -90');
  });

  it('counts a value on a limit, a missing one and other sensors as inside', () => {
    const readings = [
      at({ temperature: 10 }),
      at({ temperature: 35 }),
      at({ temperature: null }),
      at({}),
      at({ temperature: 99 }, 'b'),
    ];
    expect(evaluate(readings, [range], units)).toEqual([]);
  });

  it('minds one-sided ranges', () => {
    const readings = [at({ temperature: -100 }), at({ temperature: 100 })];
    const types = (minimum: number | null, maximum: number | null) =>
      evaluate(readings, [{ ...range, minimum, maximum }], units).map(({ alert_type }) => alert_type);
    expect(types(0, null)).toEqual(['temperature_low']);
    expect(types(null, 0)).toEqual(['temperature_high']);
  });

  it('takes ids that are numbers', () => {
    expect(evaluate([at({ temperature: 50 }, '7')], [{ ...range, sensor_id: 7 }], units)).toHaveLength(1);
  });
});

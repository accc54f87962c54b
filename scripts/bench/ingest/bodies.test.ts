import { FORMATS } from './bodies';
import { readings } from './rows';

const rows = readings(2, { sensors: 1, intervalSeconds: 60 }, Date.parse('2026-11-30T12:34:56Z'));
const bodyIn = (wanted: string) => FORMATS.find(({ id }) => id === wanted)?.body(rows) ?? '';
const [first, second] = rows.map(([time, sensor, ...figures]) => {
  const [temperature, humidity, pressure] = figures.map(Number);
  return { time, sensor_id: sensor, temperature, humidity, pressure };
});

it('writes the same rows in every format', () => {
  expect(JSON.parse(bodyIn('json'))).toEqual([first, second]);
  expect(
    bodyIn('ndjson')
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([first, second]);
  expect(bodyIn('csv').split('\n')).toEqual([
    'time,sensor_id,temperature,humidity,pressure',
    ...rows.map((row) => row.join(',')),
  ]);
  expect(bodyIn('line').split('\n')[1]).toBe(
    `sensor_data,sensor_id=${second?.sensor_id} temperature=${rows[1]?.[2]},humidity=${rows[1]?.[3]},pressure=${rows[1]?.[4]} ${Date.parse(String(second?.time))}000000`,
  );
});

// Set `plant`: readings of the machines of several sites, as their sensors publish them over MQTT.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { avg, count, max, min, sum } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { mqttStream } from '../language/stream';

/**
 * One row per sensor and time. A broker may deliver a message twice, and sensors may publish each measure by itself: rows of the
 * same sensor and time become one row.
 */
export const reading = hypertable('plant.reading', {
  columns: {
    time: timestamptz().notNull(),
    site: text().notNull(),
    sensor_id: text().notNull(),
    temperature: float8().unit('°C'),
    humidity: float8().unit('%'),
    /** Velocity, root mean square. */
    vibration: float8().unit('mm/s'),
  },
  time: 'time',
  chunkInterval: '1 day',
  distributeBy: 'sensor_id',
  unique: { columns: ['site', 'sensor_id', 'time'], onConflict: 'update' },
  indexes: [index(desc('time'))],
  columnstore: { segmentBy: ['site', 'sensor_id'], orderBy: [desc('time')], after: '7 days' },
  retention: '180 days',
});

/** Hourly figures per sensor. */
export const readingHourly = continuousAggregate('plant.reading_hourly', {
  from: reading,
  bucket: '1 hour',
  groupBy: ['site', 'sensor_id'],
  select: {
    reading_count: count(),
    avg_temperature: avg('temperature'),
    min_temperature: min('temperature'),
    max_temperature: max('temperature'),
    sum_temperature: sum('temperature'),
    count_temperature: count('temperature'),
    avg_humidity: avg('humidity'),
    avg_vibration: avg('vibration'),
    max_vibration: max('vibration'),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  retention: '2 years',
});

/** `{ "time": …, "value": 21.5 }` on a topic per measure, or all measures by their names on the topic of the sensor. */
const streams = [
  mqttStream('plant/{site}/{sensor_id}', reading, { timeUnit: 'ms' }),
  ...(['temperature', 'humidity', 'vibration'] as const).map((measure) =>
    mqttStream(`plant/{site}/{sensor_id}/${measure}`, reading, {
      map: { [measure]: 'value' },
      timeUnit: 'ms',
    }),
  ),
];

export const plant = schemaSet('plant', [reading, readingHourly], { streams });

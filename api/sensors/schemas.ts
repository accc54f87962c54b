// The requests and answers about sensors, as JSON schemas that are also TypeScript types.
import { Type } from '@fastify/type-provider-typebox';
import { sensorData } from '../../db/schema/iot';
import { choice, Freshness, floating, Next, NextAfter, nullable, STORABLE } from '../http/common-schemas';
import { formatQuery } from '../http/formats';
import { pageQuery } from '../http/pages';
import { rangeQuery } from '../http/range';
import { type LevelName, levels, units } from './levels';

const MAX_ID_LENGTH = Number(/\d+/.exec(sensorData.columns.sensor_id.type)?.[0]);

/** Says what a valid sensor id is. */
export const SENSOR_ID_RULE = `A sensor id has 1 to ${MAX_ID_LENGTH} characters, none of them NUL`;

// With "date-time" the serialiser also need not search for characters to escape.
const Timestamp = Type.String({ format: 'date-time', description: 'UTC, up to microseconds' });
const SensorId = Type.String({ description: 'Id of the sensor' });

/** `/api/sensors/:id/…` */
export const SensorParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: MAX_ID_LENGTH,
    pattern: STORABLE,
    description: SENSOR_ID_RULE,
  }),
});

/** The range, order, page and format of a sensor's series. */
export const seriesQuery = (level: LevelName, maxRows: number) =>
  Type.Object(
    {
      ...rangeQuery(levels[level].defaultPeriod),
      order: Type.Optional(
        choice(['asc', 'desc'], { description: 'Oldest or newest first', default: 'asc' }),
      ),
      ...pageQuery(maxRows),
      ...formatQuery,
    },
    { additionalProperties: false },
  );

/** The page and format of the list of sensors. */
export const sensorsQuery = (maxRows: number) =>
  Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxRows, description: 'Sensors of a page' })),
      after: Type.Optional(
        Type.String({
          maxLength: MAX_ID_LENGTH,
          pattern: STORABLE,
          description: 'Only sensors with a greater id; `next` of the page before',
        }),
      ),
      ...formatQuery,
    },
    { additionalProperties: false },
  );

/** `GET /api/sensors` */
export const SensorList = Type.Object({
  sensors: Type.Array(Type.Object({ sensor_id: SensorId, last_reading: Timestamp })),
  next: NextAfter,
});

const measuredIn = (unit: string) => floating(`in ${unit}`);
const temperature = measuredIn(units.temperature);
const humidity = measuredIn(units.humidity);
const pressure = measuredIn(units.pressure);
const measured = { temperature, humidity, pressure };
const valuesOf = (quantity: string) =>
  nullable('integer', `Readings with a ${quantity}: the weight of its average`);

/** `GET /api/sensors/:id/current` */
export const Reading = Type.Object({ sensor_id: SensorId, time: Timestamp, ...measured });

/** A row of the raw series. */
export const RawRow = Type.Object({ time: Timestamp, ...measured });

/** A row of an aggregated series. */
export const AggregateRow = Type.Object({
  bucket: Timestamp,
  avg_temperature: temperature,
  min_temperature: temperature,
  max_temperature: temperature,
  avg_humidity: humidity,
  min_humidity: humidity,
  max_humidity: humidity,
  avg_pressure: pressure,
  min_pressure: pressure,
  max_pressure: pressure,
  reading_count: Type.Integer({ description: 'Readings of the bucket' }),
  count_temperature: valuesOf('temperature'),
  count_humidity: valuesOf('humidity'),
  count_pressure: valuesOf('pressure'),
});

/** The answer of a series: `source` names the relation that was read. */
export const seriesOf = <Row extends typeof RawRow | typeof AggregateRow>(row: Row) =>
  Type.Object({
    sensor_id: SensorId,
    period: nullable('string', 'How far back the rows go; null when `from` was given'),
    source: Type.String({ description: 'Name of the table or aggregate that was read' }),
    bucket: nullable('string', 'Width of a bucket; null for raw rows'),
    freshness: Freshness,
    unit: Type.Object({ temperature: Type.String(), humidity: Type.String(), pressure: Type.String() }),
    count: Type.Integer({ description: 'Number of rows in data' }),
    next: Next,
    data: Type.Array(row, { description: 'In order of time' }),
  });

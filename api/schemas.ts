// The shapes of requests and answers, as JSON schemas that are also TypeScript types.
import { Type } from '@fastify/type-provider-typebox';
import { sensorData } from '../db/schema/iot';
import { type LevelName, levels } from './levels';
import { PERIOD_PATTERN } from './period';

const MAX_ID_LENGTH = Number(/\d+/.exec(sensorData.columns.sensor_id.type)?.[0]);

/** Says what a sensor id may be. */
export const SENSOR_ID_RULE = `A sensor id has 1 to ${MAX_ID_LENGTH} characters and no control characters`;

// A union with null would make the serialiser try branch after branch per value; `nullable` is one comparison.
const NullableNumber = Type.Unsafe<number | null>({ type: 'number', nullable: true });
// "date-time" also spares the serialiser the search for characters to escape.
const Timestamp = Type.String({ format: 'date-time', description: 'UTC, up to microseconds' });
const SensorId = Type.String({ description: 'Id of the sensor', examples: ['sensor_001'] });

/** `/api/sensors/:id/…` */
export const SensorParams = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: MAX_ID_LENGTH,
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
    description: SENSOR_ID_RULE,
  }),
});

/** Requests that take no parameters refuse them, as a misspelt name must not change the answer silently. */
export const NoQuery = Type.Object({}, { additionalProperties: false });

/** `?period=` with the default of the level. */
export const periodQuery = (level: LevelName) =>
  Type.Object(
    {
      period: Type.String({
        pattern: PERIOD_PATTERN,
        default: levels[level].defaultPeriod,
        description: 'How far to look back: Nh, Nd, Nw, Nm (months) or Ny',
      }),
    },
    { additionalProperties: false },
  );

/** `GET /api/sensors` */
export const SensorList = Type.Object({
  sensors: Type.Array(Type.Object({ sensor_id: SensorId, last_reading: Timestamp })),
});

const measured = { temperature: NullableNumber, humidity: NullableNumber, pressure: NullableNumber };

/** `GET /api/sensors/:id/current` */
export const Reading = Type.Object({ sensor_id: SensorId, time: Timestamp, ...measured });

/** A row of the raw series. */
export const RawRow = Type.Object({ time: Timestamp, ...measured });

/** A row of an aggregated series. */
export const AggregateRow = Type.Object({
  bucket: Timestamp,
  avg_temperature: NullableNumber,
  min_temperature: NullableNumber,
  max_temperature: NullableNumber,
  avg_humidity: NullableNumber,
  avg_pressure: NullableNumber,
  reading_count: Type.Integer(),
});

/** The answer of a series: `source` names the relation that was read. */
export const seriesOf = <Row extends typeof RawRow | typeof AggregateRow>(row: Row) =>
  Type.Object({
    sensor_id: SensorId,
    period: Type.String(),
    source: Type.String({ description: 'Name of the relation that answered' }),
    unit: Type.Object({ temperature: Type.String(), humidity: Type.String(), pressure: Type.String() }),
    count: Type.Integer({ description: 'Number of rows in data' }),
    data: Type.Array(row, { description: 'Ascending in time' }),
  });

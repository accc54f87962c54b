// The shapes of thresholds and alerts.
import { Type } from '@fastify/type-provider-typebox';
import { floating, Next, nullable } from '../http/common-schemas';
import { formatQuery } from '../http/formats';
import { pageQuery } from '../http/pages';
import { rangeQuery } from '../http/range';

const table = Type.Optional(
  Type.String({
    maxLength: 130,
    description: 'Table of readings. Default: the first table that can have alerts',
    examples: ['sensor_data'],
  }),
);
const sensor_id = Type.Optional(Type.String({ maxLength: 200, description: 'Only of this sensor' }));

/** How far back alerts go without a range. */
export const DEFAULT_PERIOD = '1d';

/** `GET /api/alerts` */
export const alertsQuery = (maxRows: number) =>
  Type.Object(
    { table, sensor_id, ...rangeQuery(DEFAULT_PERIOD), ...pageQuery(maxRows), ...formatQuery },
    { additionalProperties: false },
  );

/** `GET /api/thresholds` */
export const ThresholdsQuery = Type.Object({ table, sensor_id }, { additionalProperties: false });

const SensorId = Type.Unsafe<string | number>({
  anyOf: [{ type: 'string' }, { type: 'integer' }],
  description: 'Text or a whole number, as the table declares it',
});

/** A row of the alerts. */
export const AlertSchema = Type.Object({
  time: Type.String({ format: 'date-time', description: 'Time of the reading, UTC' }),
  sensor_id: SensorId,
  alert_type: Type.String({ description: '`<metric>_low` or `<metric>_high`' }),
  message: nullable('string', 'What is wrong with the reading'),
  value: floating('The value of the reading'),
  threshold: floating('The limit that the value is beyond'),
});

/** The answer of `GET /api/alerts`. */
export const AlertPage = Type.Object({
  table: Type.String(),
  count: Type.Integer({ description: 'Number of alerts in data' }),
  next: Next,
  data: Type.Array(AlertSchema, { description: 'Newest first' }),
});

/** A threshold. */
export const ThresholdSchema = Type.Object({
  sensor_id: SensorId,
  metric: Type.String(),
  minimum: floating('Readings below it raise an alert; null = no limit'),
  maximum: floating('Readings above it raise an alert; null = no limit'),
});

/** The answer of `GET /api/thresholds`. */
export const ThresholdList = Type.Object({ table: Type.String(), thresholds: Type.Array(ThresholdSchema) });

/** `/api/thresholds/:table/:sensor/:metric` */
export const ThresholdParams = Type.Object({
  table: Type.String({ minLength: 1, maxLength: 130, description: 'Table of readings' }),
  sensor: Type.String({ minLength: 1, maxLength: 200, description: 'Id of the sensor' }),
  metric: Type.String({ minLength: 1, maxLength: 63, description: 'A numeric column of the table' }),
});

const limit = Type.Optional(nullable('number', 'null or absent = no limit'));

/** `PUT /api/thresholds/:table/:sensor/:metric` */
export const ThresholdBody = Type.Object({ minimum: limit, maximum: limit }, { additionalProperties: false });

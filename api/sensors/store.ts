// The SQL about sensors. Names come from the declared schema, values are bound as $1.
import type { Static } from '@fastify/type-provider-typebox';
import { ident, relation } from '../../db/core/sql';
import type { Relation } from '../../db/language/aggregate';
import { sensorData } from '../../db/schema/iot';
import type { Database } from '../database/database';
import { query, queryRows } from '../database/query';
import { type Statement, statement } from '../database/statement';
import type { Rows } from '../http/packed-rows';
import type { Position } from '../http/pages';
import type { TimeRange } from '../http/range';
import { latestRows } from '../series/queries/latest';
import { rangeConditions } from '../series/queries/time-conditions';
import { parseFields } from '../series/request/fields';
import type { Filter } from '../series/request/filters';
import { type Level, type LevelName, levels, rawColumns } from './levels';
import type { AggregateRow, RawRow, Reading, SensorList } from './schemas';

/** A row of the list of sensors. */
export type Sensor = Static<typeof SensorList>['sensors'][number];

/** A row of a series, depending on the level. */
export type SeriesRow<L extends LevelName> = L extends 'raw'
  ? Static<typeof RawRow>
  : Static<typeof AggregateRow>;

/** Which rows of a series to read. */
export interface SeriesRequest {
  readonly sensorId: string;
  readonly range: TimeRange;
  readonly order: 'asc' | 'desc';
  /** Where to go on; absent = at the start of the range. */
  readonly after?: Position | undefined;
  /** Most rows to return. */
  readonly limit: number;
}

/** What the routes read from the database. */
export interface Store {
  /** Sensors that have readings, by id from after `after`, with the time of the last one. */
  sensors(limit: number, after?: string): Promise<Sensor[]>;
  /** The newest reading of a sensor. */
  current(sensorId: string): Promise<Static<typeof Reading> | undefined>;
  /** Rows of the range in order of time; a bucket that overlaps its start is included. */
  series<L extends LevelName>(level: L, request: SeriesRequest): Promise<Rows<SeriesRow<L>>>;
  /** Whether the sensor has monthly figures, which retention keeps when it drops the readings. */
  hasFigures(sensorId: string): Promise<boolean>;
  /** Whether the sensor has any row. */
  isKnown(sensorId: string): Promise<boolean>;
}

/** The store on a database. */
export function createStore(database: Pick<Database, 'reads' | 'reached' | 'engine'>): Store {
  const { reads } = database;
  const isTrue = async (sql: string, id: string): Promise<boolean> =>
    (await query<{ known: boolean }>(reads, sql, [id]))[0]?.known === true;
  const hasFigures = (id: string): Promise<boolean> => isTrue(HAS_FIGURES, id);
  return {
    sensors: async (limit, after) => {
      const filters = after === undefined ? [] : [sensorId('>', after)];
      const wanted = { engine: await database.engine(), by: ['sensor_id'], filters, fields: [], limit };
      const found = await latestRows(reads, sensorData, wanted);
      return found.map(({ sensor_id, time }) => ({ sensor_id, last_reading: time }) as Sensor);
    },
    current: async (id) => {
      const wanted = {
        engine: await database.engine(),
        by: [],
        filters: [sensorId('=', id)],
        fields: READING,
        limit: 1,
      };
      const [found] = await latestRows(reads, sensorData, wanted);
      return found && ({ sensor_id: id, ...found } as Static<typeof Reading>);
    },
    series: async <L extends LevelName>(level: L, request: SeriesRequest) => {
      const { sql, values } = seriesQuery(levels[level], request, await database.reached(reads));
      return queryRows<SeriesRow<L>>(reads, sql, values);
    },
    hasFigures,
    // The figures are asked first, because only an unknown sensor is looked for in all readings.
    isKnown: async (id) => (await hasFigures(id)) || isTrue(HAS_READINGS, id),
  };
}

const SENSOR_ID = ident('sensor_id');
const READING = parseFields(sensorData, rawColumns.filter((name) => name !== sensorData.time).join());

const sensorId = (operator: '=' | '>', id: string): Filter => ({
  column: 'sensor_id',
  operator,
  values: [id],
  cast: 'text',
});

const existsIn = (source: Relation): string =>
  `SELECT EXISTS (SELECT 1 FROM ${relation(source)} WHERE ${SENSOR_ID} = $1) AS known`;
const HAS_FIGURES = existsIn(levels.monthly.relation);
const HAS_READINGS = existsIn(sensorData);

/** The query of a series. Its text depends on which bounds are given; everything that a client wrote is a bound value. */
function seriesQuery(
  { relation: source, time, columns, bucket }: Level,
  { sensorId, range, order, after, limit }: SeriesRequest,
  reached: bigint,
): Statement {
  return statement((bind) => {
    const column = ident(time);
    const conditions = [
      `${SENSOR_ID} = ${bind(sensorId, 'text')}`,
      ...rangeConditions(range, { column, bucket, reached }, bind),
      ...(after === undefined
        ? []
        : [`${column} ${order === 'asc' ? '>=' : '<='} ${bind(after.time, 'timestamptz')}`]),
    ];
    // Readings may have the same time. The other columns then decide, so that a page starts where the one before ended.
    const sort = [time, ...columns.filter((name) => name !== time)]
      .slice(0, bucket ? 1 : undefined)
      .map((name) => `${ident(name)}${order === 'desc' ? ' DESC' : ''}`);
    return `SELECT ${columns.map((name) => ident(name)).join(', ')} FROM ${relation(source)}
   WHERE ${conditions.join(' AND ')}
   ORDER BY ${sort.join(', ')} LIMIT ${bind(limit, 'bigint')} OFFSET ${bind(after?.skip ?? 0, 'bigint')}`;
  });
}

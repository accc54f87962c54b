// What the routes about one table have in common: the options of the route, and parts of their requests and answers.
import { type TProperties, type TSchema, Type } from '@fastify/type-provider-typebox';
import { choice, nullable } from '../../http/common-schemas';
import { formatQuery, inAllFormats } from '../../http/formats';
import { problemResponses } from '../../http/problems';
import { rangeQuery } from '../../http/range';
import type { RouteParts } from '../../parts';
import { DEFAULT_PERIOD } from '../request/ranges';
import { FILTER_RULE } from '../request/where-values';

/** How a route about one table is described. */
export interface TableRoute<Query extends TSchema, Answer extends TSchema> {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly querystring: Query;
  readonly answer: Answer;
  /** What the rows of its answer are. */
  readonly rows: string;
}

/** The options of a route about one table whose rows come in all formats. */
export const tableRoute = <Query extends TSchema, Answer extends TSchema>(
  { tables }: Pick<RouteParts, 'tables'>,
  { answer, rows, ...about }: TableRoute<Query, Answer>,
) => ({
  schema: {
    ...about,
    tags: ['series'],
    params: tableParams(tables),
    response: { 200: inAllFormats(answer, rows), ...problemResponses },
  },
});

/** The parameter of the path. */
export const tableParams = (tables: RouteParts['tables']) =>
  Type.Object({
    table: Type.String({
      maxLength: 200,
      description: `Public name of a table: ${[...tables.keys()].join(', ')}`,
    }),
  });

/** These parameters and the format, and no others. */
export const queryOf = <P extends TProperties>(properties: P) =>
  Type.Object({ ...properties, ...formatQuery }, { additionalProperties: false });

/** The parameters that tell series apart and choose rows. */
export const selectionQuery = {
  by: Type.Optional(
    Type.String({ maxLength: 500, description: 'Columns that tell series apart, separated by commas' }),
  ),
  where: Type.Optional(
    Type.Array(Type.String({ maxLength: 20_000 }), {
      maxItems: 20,
      description: `Condition: ${FILTER_RULE}. May be repeated; all conditions must hold`,
    }),
  ),
  source: Type.Optional(
    choice(['auto', 'raw'], {
      default: 'auto',
      description:
        '`raw` computes the answer from the rows that the table has now, also where an aggregate could give it faster. `kept_since` says since when it has all rows',
    }),
  ),
};

/** The parameter that says whose clocks buckets follow. */
export const tzQuery = {
  tz: Type.Optional(
    Type.String({
      maxLength: 60,
      description:
        'IANA name of the time zone whose days, weeks, months and years the buckets follow. Times in `from` and `to` without an offset are then times in this zone. Default: UTC. Times in the answer are in UTC',
      examples: ['Europe/Berlin'],
    }),
  ),
};

/** The parameters of one numeric column over a range. */
export const columnQuery = {
  field: Type.String({ maxLength: 200, description: 'A numeric column' }),
  ...selectionQuery,
  ...rangeQuery(DEFAULT_PERIOD),
};

const time = (description: string) => Type.String({ format: 'date-time', description });

/** A field as it is shown in answers. */
export const FieldShown = Type.Object({
  name: Type.String({ description: 'Name of the member in data' }),
  of: Type.String({ description: 'As the client wrote it' }),
  unit: nullable('string', 'Declared unit of the numbers; null when there is none'),
});

/** Members of answers. */
export const Bucket = nullable('string', 'Width of a bucket; null for rows as they are');
export const Zone = Type.String({
  description: 'Zone whose clocks the buckets follow; the times in the answer are in UTC all the same',
});
export const Keys = Type.Array(Type.String(), { description: 'Columns that tell series apart' });
export const Count = Type.Integer({ description: 'Number of rows in data' });
export const Data = (description: string) =>
  Type.Array(Type.Object({}, { additionalProperties: true }), { description });
export const source = {
  table: Type.String(),
  source: Type.String({ description: 'Public name of the table or aggregate that was read' }),
};
export const covered = {
  from: time('Start of the range that the answer covers, inclusive'),
  to: time('End of the range that the answer covers, exclusive'),
  kept_since: nullable(
    'string',
    'Set when the source has dropped rows of the range: those before this time',
    {
      format: 'date-time',
    },
  ),
};

/** Members of every answer about one column. */
export const columnMembers = { ...source, ...covered, field: FieldShown, by: Keys, count: Count };

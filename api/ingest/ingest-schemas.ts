// The requests and answers of writes.
import { type Static, Type } from '@fastify/type-provider-typebox';
import { choice } from '../http/common-schemas';
import type { Late } from './store/late';

/** `/api/ingest/:table` */
export const TableParams = Type.Object({
  table: Type.String({
    minLength: 1,
    maxLength: 130,
    description: 'Name of a declared table, with its schema unless that is `public`',
    examples: ['sensor_data'],
  }),
});

/** Query parameters of a write. */
export const IngestQuery = Type.Object(
  {
    precision: Type.Optional(
      choice(['ns', 'us', 'ms', 's'], {
        description: 'Unit of the timestamps in line protocol, and of times in CSV that are whole numbers',
        default: 'ns',
      }),
    ),
    delimiter: Type.Optional(
      choice([',', ';', '\t', '|'], { description: 'Between the fields of CSV', default: ',' }),
    ),
    decimal: Type.Optional(
      choice(['.', ','], { description: 'The character before the decimals in CSV', default: '.' }),
    ),
    columns: Type.Optional(
      Type.String({
        maxLength: 10_000,
        description:
          'The columns of CSV without a header, separated by commas; without it the first record names them',
        examples: ['time,sensor_id,temperature'],
      }),
    ),
  },
  { additionalProperties: false },
);

/** Headers of a write. */
export const IngestHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[\\x20-\\x7e]*$',
      description:
        'Identifies this write. For seven days, a repeated write with the same key and body gets the first answer again and stores nothing',
    }),
  ),
  'content-encoding': Type.Optional(Type.String({ description: '`gzip`, `zstd` or `identity`' })),
});

const Row = Type.Object({}, { description: 'Columns of the table by name', additionalProperties: true });
const lines = (description: string, example: string) => ({
  schema: Type.String({ description, examples: [example] }),
});

/** The bodies of a write, by media type. */
export const ingestBody = {
  content: {
    'application/json': {
      // Entries of an array are checked one by one, so the schema allows anything.
      schema: Type.Union([Row, Type.Array(Type.Unknown(), { description: 'Rows' })]),
    },
    'application/x-ndjson': lines(
      'One JSON object per line',
      '{"time":"2026-11-20T12:00:00Z","sensor_id":"sensor_001","temperature":21.5}\n',
    ),
    'application/jsonl': lines('The same as application/x-ndjson', '{"time":"2026-11-20T12:00:00Z"}\n'),
    'text/csv': lines(
      'RFC 4180: the first record names the columns',
      'time,sensor_id,temperature\n2026-11-20T12:00:00Z,sensor_001,21.5\n',
    ),
    'application/x-influx-line-protocol': lines(
      'InfluxDB line protocol',
      'sensor_data,sensor_id=sensor_001 temperature=21.5 1795176000000000000\n',
    ),
    'text/plain': lines(
      'InfluxDB line protocol',
      'sensor_data,sensor_id=sensor_001 temperature=21.5 1795176000000000000\n',
    ),
  },
} as const;

/** The answer to a write. */
export type IngestAnswer = Static<typeof IngestAnswer>;
export const IngestAnswer = Type.Object({
  table: Type.String(),
  accepted: Type.Integer({ description: 'Rows that are stored now' }),
  unchanged: Type.Integer({
    description:
      'Accepted rows that changed nothing, because the table has a row with their key (only tables with a declared `unique`)',
  }),
  rejected: Type.Integer({ description: 'Rows that were rejected' }),
  errors: Type.Array(
    Type.Object({
      line: Type.Integer({ description: 'Line of the body, or place in the array, from 1' }),
      reason: Type.String({ description: 'What to correct' }),
      original: Type.String({ description: 'The row as it was sent, cut after 1000 characters' }),
    }),
    { description: 'The first 100 of the rejected rows' },
  ),
  alerts: Type.Integer({ description: 'Alerts that the rows raised' }),
  late: Type.Unsafe<Late | null>({
    type: 'object',
    nullable: true,
    description:
      'Stored rows that are older than the refresh window of the aggregates: the aggregates do not contain them until that range is refreshed. Null when there are none',
    required: ['rows', 'from', 'to', 'way_out'],
    properties: {
      rows: { type: 'integer' },
      from: { type: 'string', format: 'date-time' },
      to: { type: 'string', format: 'date-time' },
      way_out: { type: 'string' },
    },
  }),
});

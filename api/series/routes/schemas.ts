// The shapes of requests and answers about series.
import { type TProperties, Type } from '@fastify/type-provider-typebox';
import { Freshness, Next } from '../../http/common-schemas';
import { pageQuery } from '../../http/cursor';
import { formatQuery } from '../../http/formats';
import { rangeQuery } from '../../http/time';
import { FIELD_RULE } from '../request/fields';
import { FILTER_RULE } from '../request/filters';
import { DEFAULT_POINTS } from '../request/parse-request';
import { DEFAULT_PERIOD } from '../request/ranges';
import { WIDTH_RULE } from '../request/widths';

const nullableText = (description: string, more: object = {}) =>
  Type.Unsafe<string | null>({ type: 'string', nullable: true, description, ...more });
const Time = (description: string) => Type.String({ format: 'date-time', description });
const choice = <const V extends string>(values: readonly V[], description: string) =>
  Type.Unsafe<V>({ type: 'string', enum: values, description });

/** The parameter of the path. */
export const tableParams = (names: Iterable<string>) =>
  Type.Object({
    table: Type.String({ maxLength: 200, description: `Public name of a table: ${[...names].join(', ')}` }),
  });

const by = Type.Optional(
  Type.String({ maxLength: 500, description: 'Columns that tell series apart, with commas between' }),
);
const where = Type.Optional(
  Type.Array(Type.String({ maxLength: 20_000 }), {
    maxItems: 20,
    description: `Condition: ${FILTER_RULE}. May be repeated; all must hold`,
  }),
);
const oneColumn = Type.String({ maxLength: 200, description: 'A numeric column' });
const range = rangeQuery(DEFAULT_PERIOD);
const only = <P extends TProperties>(properties: P) =>
  Type.Object({ ...properties, ...formatQuery }, { additionalProperties: false });

/** Parameters of `/api/series/{table}`. */
export const seriesQuery = (maxRows: number) =>
  only({
    field: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: `With commas between: ${FIELD_RULE}. Without it: every column as it is`,
      }),
    ),
    by,
    where,
    ...range,
    bucket: Type.Optional(
      Type.String({
        maxLength: 40,
        description: `\`none\` for rows as they are, \`auto\` for a width that fits \`points\`, or ${WIDTH_RULE}. Default: \`auto\` for figures. The range is widened to whole buckets, cut in UTC. Mind that m is minutes here, and months in \`period\``,
      }),
    ),
    points: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: DEFAULT_POINTS,
        description:
          'Most buckets of bucket=auto, and most points per series of downsample (minmax: 2 or more)',
      }),
    ),
    fill: Type.Optional(
      choice(
        ['none', 'null', 'locf', 'linear'],
        'Buckets without rows: left out (none, the default), null, with the last value carried forward (locf) or between the neighbours (linear). Counts too: a gap is null, not 0',
      ),
    ),
    downsample: Type.Optional(
      choice(
        ['lttb', 'minmax'],
        'Thins out one numeric column to true rows: lttb keeps the look of the line, minmax the lowest and highest of each stretch',
      ),
    ),
    ...pageQuery(maxRows),
  });

/** Parameters of `/keys`. */
export const keysParameters = (maxRows: number) =>
  only({
    by: Type.String({ maxLength: 200, description: 'One column' }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxRows, description: 'Values of a page' })),
    after: Type.Optional(
      Type.String({ maxLength: 1_000, description: 'Greater values only; `next` of the page before' }),
    ),
  });

/** Parameters of `/latest`. */
export const latestParameters = only({
  field: Type.Optional(
    Type.String({ maxLength: 2_000, description: 'Columns, with commas between. Default: all' }),
  ),
  by,
  where,
});

/** Parameters of `/moving-average`. */
export const movingAverageParameters = only({
  field: oneColumn,
  window: Type.String({
    maxLength: 40,
    description: `How far the average looks back from each row: ${WIDTH_RULE}`,
    examples: ['1h'],
  }),
  bucket: Type.Optional(
    Type.String({
      maxLength: 40,
      description:
        'Averages per bucket instead of per row, exact; the window is a whole multiple of it. Default: none',
    }),
  ),
  by,
  where,
  ...range,
});

/** Parameters of `/anomalies`. */
export const anomalyParameters = only({
  field: oneColumn,
  window: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 10_000,
      default: 100,
      description: 'How many earlier values a value is compared with',
    }),
  ),
  threshold: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1_000,
      default: 2,
      description: 'How many standard deviations from the mean a value must be, at least',
    }),
  ),
  by,
  where,
  ...range,
});

/** Parameters of `/summary`. */
export const summaryParameters = only({ field: oneColumn, by, where, ...range });

const Data = (description: string) =>
  Type.Array(Type.Object({}, { additionalProperties: true }), { description });
const FieldShown = Type.Object({
  name: Type.String({ description: 'Name of the member in data' }),
  of: Type.String({ description: 'As it was asked for' }),
  unit: nullableText('Unit of its numbers; null when none is declared'),
});
const common = {
  table: Type.String(),
  source: Type.String({ description: 'Public name of the relation that answered' }),
};
const covered = {
  from: Time('Start of what is covered, inclusive'),
  to: Time('End of what is covered, exclusive'),
};
const KeptSince = nullableText('Set when the source has dropped rows of the range: those before this time', {
  format: 'date-time',
});
const Bucket = nullableText('Width of a bucket; null for rows as they are');
const Keys = Type.Array(Type.String(), { description: 'Columns that tell series apart' });
const Count = Type.Integer({ description: 'Number of rows in data' });

/** The answer of `/api/series/{table}`. */
export const SeriesAnswer = Type.Object({
  ...common,
  bucket: Bucket,
  ...covered,
  freshness: Freshness,
  fields: Type.Array(FieldShown),
  by: Keys,
  fill: Type.String(),
  downsample: nullableText('How rows were thinned out'),
  kept_since: KeptSince,
  count: Count,
  next: Next,
  data: Data(
    'Members: time, the columns of by, the fields. In order of time. Whole numbers beyond 2^53 are text',
  ),
});

/** The answer of `/keys`. */
export const KeysAnswer = Type.Object({
  table: Type.String(),
  by: Type.String(),
  count: Count,
  next: nullableText('`after` of the next page; null on the last one'),
  data: Data('One member: the column. In its order, without NULL'),
});

/** The answer of `/latest`. */
export const LatestAnswer = Type.Object({
  ...common,
  fields: Type.Array(FieldShown),
  by: Keys,
  count: Count,
  data: Data('Members: time, the columns of by, the fields. In order of the keys'),
});

const ofOneColumn = {
  ...common,
  ...covered,
  field: FieldShown,
  by: Keys,
  kept_since: KeptSince,
  count: Count,
};

/** The answer of `/moving-average`. */
export const MovingAverageAnswer = Type.Object({
  ...ofOneColumn,
  bucket: Bucket,
  freshness: Freshness,
  window: Type.String({ description: 'Length of the window' }),
  data: Data('Members: time, the columns of by, value, moving_average. In order of time'),
});

/** The answer of `/anomalies`. */
export const AnomalyAnswer = Type.Object({
  ...ofOneColumn,
  window: Type.Integer(),
  threshold: Type.Number(),
  data: Data(
    'Members: time, the columns of by, value, mean and sd of the values before it, z = (value - mean) / sd, or null when sd is 0. In order of time',
  ),
});

/** The answer of `/summary`. */
export const SummaryAnswer = Type.Object({
  ...ofOneColumn,
  data: Data(
    'Members: the columns of by, count of values, missing (rows without one), mean, sd, min, p05, p25, p50, p75, p95, p99, max, first and last (times of the first and the last row)',
  ),
});

// The parameters of a series request, read and checked against the declared table.
import type { Hypertable } from '../../../db/language/hypertable';
import type { Interval } from '../../../db/language/interval';
import { parseWidth } from '../../http/durations';
import { ProblemError } from '../../http/problems';
import { type Zone, zoneNamed } from '../zones/zones';
import { columnsOfKind, kindOf, NUMERIC, type TypeKind } from './column-types';
import { type Field, parseFields, parseKeys } from './fields';
import { columnOf } from './figures';
import { boundColumns, type Condition, parseFilters } from './filters';
import { parseTop, type Top } from './top';

/** What buckets without a value contain. */
export type Fill = 'none' | 'null' | 'locf' | 'linear';
/** How to thin out rows for a chart. */
export type Downsample = 'lttb' | 'minmax';

/** The parameters as the client sent them. */
export interface SeriesParameters {
  readonly field?: string;
  readonly by?: string;
  readonly where?: readonly string[];
  readonly bucket?: string;
  readonly tz?: string;
  readonly top?: string;
  readonly points?: number;
  readonly fill?: Fill;
  readonly downsample?: Downsample;
  readonly source?: 'auto' | 'raw';
  readonly limit?: number;
  readonly cursor?: string;
}

/** A checked request. */
export interface SeriesRequest {
  readonly fields: readonly Field[];
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  /** `none`: rows as they are. */
  readonly bucket: 'none' | 'auto' | Interval;
  /** Whose clocks the buckets follow; absent = UTC. */
  readonly zone?: Zone;
  /** Which series to show; absent = all. */
  readonly top?: Top;
  readonly points: number;
  readonly fill: Fill;
  readonly downsample?: Downsample;
  /** `raw`: only the rows themselves may answer. */
  readonly source: 'auto' | 'raw';
}

/** Most buckets or points by default. */
export const DEFAULT_POINTS = 1_000;

/**
 * Reads the parameters.
 * @throws ProblemError (bad-field, bad-filter, bad-bucket, invalid-request) that says what is allowed.
 */
export function parseRequest(table: Hypertable, parameters: SeriesParameters): SeriesRequest {
  const { points = DEFAULT_POINTS, fill = 'none', downsample, source = 'auto' } = parameters;
  const by = parseKeys(table, parameters.by);
  const isShownAnyway = ({ column, figure }: Field): boolean =>
    figure === undefined && (column === table.time || by.includes(column ?? ''));
  const fields = parseFields(table, parameters.field).filter((field) => !isShownAnyway(field));
  const filters = parseFilters(table, parameters.where);
  const bucket = bucketFor(fields, parameters.bucket);
  const zone = parameters.tz === undefined ? undefined : zoneFor(bucket, parameters.tz);
  checkSeries(table, { fields, by, filters });
  const top = parameters.top === undefined ? undefined : topOf(table, parameters.top, fields, parameters);
  if (fill !== 'none') checkFill(bucket, parameters);
  if (downsample !== undefined) checkDownsample(table, fields, bucket, parameters);
  return {
    fields,
    by,
    filters,
    bucket,
    points,
    fill,
    source,
    ...(zone === undefined ? {} : { zone }),
    ...(top === undefined ? {} : { top }),
    ...(downsample === undefined ? {} : { downsample }),
  };
}

function topOf(table: Hypertable, text: string, fields: readonly Field[], parameters: SeriesParameters): Top {
  const top = parseTop(table, text, fields);
  if (parameters.by === undefined)
    throw new ProblemError(
      'invalid-request',
      'top chooses among series: say with by which columns tell them apart',
    );
  if (parameters.limit === undefined && parameters.cursor === undefined) return top;
  throw new ProblemError(
    'invalid-request',
    'An answer with top has no pages, because the ranking could change between them: leave out limit and cursor, or leave out top',
  );
}

/**
 * The zone of buckets.
 * @throws ProblemError (bad-zone, and bad-bucket when there are no buckets).
 */
export function zoneFor(bucket: SeriesRequest['bucket'] | string, name: string): Zone {
  const zone = zoneNamed(name);
  if (bucket !== 'none') return zone;
  throw new ProblemError(
    'bad-bucket',
    'tz is for buckets: ask for figures, for example field=avg(temperature)&bucket=1d, or leave out tz',
  );
}

const NAMES: ReadonlySet<TypeKind> = new Set(['text', 'uuid', 'inet']);

/** Samples of different series must not be compared with one another. */
function checkSeries(
  table: Hypertable,
  { fields, by, filters }: Pick<SeriesRequest, 'fields' | 'by' | 'filters'>,
): void {
  const sequence = fields.find(({ figure }) => figure?.kind === 'sequence');
  const names = columnsOfKind(table, NAMES);
  if (sequence === undefined || names.length === 0 || by.length > 0 || boundColumns(filters).length > 0)
    return;
  throw new ProblemError(
    'bad-field',
    `${sequence.of} compares each sample with the one before it in its series: say with by which columns tell series apart (${names.join(', ')}), or choose one series with where`,
  );
}

function bucketFor(fields: readonly Field[], text: string | undefined): SeriesRequest['bucket'] {
  const hasFigures = fields.some(({ figure }) => figure !== undefined);
  const asked = text ?? (hasFigures ? 'auto' : 'none');
  if (asked === 'none') {
    if (!hasFigures) return 'none';
    throw new ProblemError(
      'bad-bucket',
      'Figures need buckets: use bucket=auto or a width such as 1h, or ask for columns as they are; /summary describes a whole range',
    );
  }
  if (!hasFigures)
    throw new ProblemError(
      'bad-bucket',
      `Buckets need figures: ask for example for field=avg(${fields[0]?.of ?? 'column'}), or leave out bucket`,
    );
  return asked === 'auto' ? 'auto' : parseWidth('bucket', asked);
}

function checkFill(bucket: SeriesRequest['bucket'], { limit, cursor }: SeriesParameters): void {
  if (bucket === 'none')
    throw new ProblemError(
      'bad-bucket',
      'fill is for buckets: ask for figures, for example field=avg(temperature)',
    );
  if (limit === undefined && cursor === undefined) return;
  throw new ProblemError(
    'invalid-request',
    'A filled answer has no pages: leave out limit and cursor, or leave out fill. Fewer points make the answer shorter',
  );
}

function checkDownsample(
  table: Hypertable,
  fields: readonly Field[],
  bucket: SeriesRequest['bucket'],
  { limit, cursor }: SeriesParameters,
): void {
  const type = columnOf(table, fields[0]?.column ?? '')?.type ?? '';
  if (bucket !== 'none' || fields.length !== 1 || !NUMERIC.has(kindOf(type)))
    throw new ProblemError(
      'bad-field',
      'downsample needs exactly one numeric column, for example field=temperature',
    );
  if (limit === undefined && cursor === undefined) return;
  throw new ProblemError(
    'invalid-request',
    'A downsampled answer has no pages: leave out limit and cursor, or leave out downsample. Fewer points make the answer shorter',
  );
}

// The query of an export: rows of a declared relation, figures per bucket, or the caller's own SQL.
import { statement } from '../../api/database/statement';
import { publicName, rootOf, seriesTables } from '../../api/database/tables';
import { currentInstant, EARLIEST, instantOf, LATEST, parseTime } from '../../api/http/time';
import { chooseWidth, keptSince, planBuckets, widthText } from '../../api/series/plan/planner';
import { bucketQuery } from '../../api/series/queries/rows-and-buckets';
import { kindOf } from '../../api/series/request/column-types';
import { answerColumns } from '../../api/series/request/fields';
import { columnOf } from '../../api/series/request/figures';
import { boundColumns, filteredColumns, filterSql, parseFilters } from '../../api/series/request/filters';
import { parseRequest } from '../../api/series/request/parse-request';
import { UsageError } from '../../db/core/errors';
import { ident, relation } from '../../db/core/sql';
import type { Relation } from '../../db/language/aggregate';
import type { Desired } from '../../db/language/desired';
import type { ExportQuery } from './cursor';

/** What to read. Names and times as people write them. */
export interface ExportRequest {
  /** Public name of a hypertable or aggregate; with `sql` a query. */
  readonly what: string;
  readonly sql: boolean;
  /** Start, inclusive, and end, exclusive; absent = all there is. */
  readonly from?: string;
  readonly to?: string;
  /** Width of buckets, with figures in `field` and series in `by`. */
  readonly bucket?: string;
  readonly field?: string;
  readonly by?: string;
  readonly columns?: string;
  readonly where: readonly string[];
}

/** A query, and what a reader of the file should know about it. */
export interface ExportPlan extends ExportQuery {
  /** The relation that it reads; null = the caller's own query. */
  readonly source: string | null;
  /** Width of the buckets; null = rows as they are. */
  readonly bucket: string | null;
  /** Retention has dropped the source's rows before this time, which is later than `from`; null = nothing is missing. */
  readonly keptSince: string | null;
}

/** Buckets that `--bucket auto` gives at most for each series. */
const MOST_BUCKETS = 1_000;

/**
 * Turns a request into a query; names come from the declared schema, values are bound.
 * @throws UsageError or ProblemError that says what fits.
 */
export function planExport(desired: Desired, request: ExportRequest): ExportPlan {
  if (request.sql) return ownQuery(request);
  const source = relationNamed(desired, request.what);
  const { bucket } = request;
  if (bucket !== undefined) return bucketPlan(desired, source, { ...request, bucket });
  if (request.field !== undefined || request.by !== undefined)
    throw new UsageError(
      '--field and --by are for buckets: add --bucket 1h, or choose columns with --columns',
    );
  return rowPlan(source, request);
}

function ownQuery({ what, from, to, bucket, field, by, columns, where }: ExportRequest): ExportPlan {
  if ([from, to, bucket, field, by, columns].some((flag) => flag !== undefined) || where.length > 0)
    throw new UsageError(
      '--sql takes the query as it is: write range, columns and conditions into it, and leave the flags out',
    );
  return {
    sql: what,
    values: [],
    searchPath: '"$user", public',
    source: null,
    bucket: null,
    keptSince: null,
  };
}

function relationNamed({ hypertables, aggregates }: Desired, name: string): Relation {
  const all: readonly Relation[] = [...hypertables, ...aggregates];
  const found = all.find((relation) => publicName(relation) === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `${name} is neither a declared hypertable nor an aggregate; choose from ${all.map(publicName).join(', ')}, or give a query with --sql`,
  );
}

function rowPlan(source: Relation, request: ExportRequest): ExportPlan {
  const columns = columnsOf(source, request.columns);
  const { from, to, instants } = rangeOf(request);
  const filters = parseFilters(rootOf(source), request.where);
  const foreign = filteredColumns(filters).find(
    (column) => source.kind === 'aggregate' && !source.groupBy.includes(column),
  );
  if (foreign !== undefined)
    throw new UsageError(
      `--where is on columns that ${publicName(source)} groups by (${keysOf(source).join(', ') || 'it has none'}), not on ${foreign}`,
    );
  const time = ident(source.time);
  const { sql, values } = statement((bind) => {
    const conditions = [
      ...(from === undefined ? [] : [`${time} >= ${bind(from, 'timestamptz')}`]),
      ...(to === undefined ? [] : [`${time} < ${bind(to, 'timestamptz')}`]),
      ...filters.map((filter) => filterSql(filter, bind)),
    ];
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    return `SELECT ${columns.map((name) => ident(name)).join(', ')} FROM ${relation(source)}${where} ORDER BY ${order(source, columns).join(', ')}`;
  });
  const asked = { from: instants.from, to: LATEST };
  return {
    sql,
    values,
    source: publicName(source),
    bucket: null,
    keptSince: from === undefined ? null : keptSince({ relation: source }, asked, currentInstant()),
  };
}

// All exported columns take part in the order, so that the same rows always give the same file.
function order(source: Relation, columns: readonly string[]): readonly string[] {
  if (source.kind === 'aggregate') return [source.time, ...source.groupBy].map((name) => ident(name));
  // Values of types without an order, such as point, are sorted by their text.
  const isUnordered = (name: string): boolean => kindOf(columnOf(source, name)?.type ?? '') === 'other';
  const rest = columns.filter((name) => name !== source.time);
  return [source.time, ...rest].map((name) => (isUnordered(name) ? `${ident(name)}::text` : ident(name)));
}

const keysOf = (source: Relation): readonly string[] => (source.kind === 'aggregate' ? source.groupBy : []);

function columnsOf(source: Relation, text: string | undefined): readonly string[] {
  if (text === undefined) return source.columnNames;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !source.columnNames.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `--columns: ${publicName(source)} has no column ${JSON.stringify(unknown)} (it has ${source.columnNames.join(', ')})`,
    );
  return names;
}

function bucketPlan(
  desired: Desired,
  source: Relation,
  request: ExportRequest & { readonly bucket: string },
): ExportPlan {
  const table = seriesTables(desired).get(publicName(source));
  if (table === undefined)
    throw new UsageError(
      `--bucket is for hypertables: ask for ${publicName(rootOf(source))}, the cheapest source that is exact is found by itself`,
    );
  if (request.columns !== undefined)
    throw new UsageError('--columns is for rows as they are; with --bucket choose figures with --field');
  const { bucket, field = 'count(*)', by, where } = request;
  const asked = parseRequest(table.hypertable, { field, where, bucket, ...(by === undefined ? {} : { by }) });
  if (asked.bucket === 'none')
    throw new UsageError(
      '--bucket needs a width, for example 1h, or auto; leave it out for rows as they are',
    );
  const { from, to, instants } = rangeOf(request);
  if (asked.bucket === 'auto' && from === undefined)
    throw new UsageError('--bucket auto chooses a width for a range: add --from, or give the width');
  const now = currentInstant();
  const { fields, filters } = asked;
  const question = {
    table,
    figures: fields.flatMap(({ figure }) => figure ?? []),
    by: asked.by,
    filtered: filteredColumns(filters),
    bound: boundColumns(filters),
  };
  answerColumns('time', ...asked.by, ...fields.map(({ name }) => name));
  // The width is chosen for a range that ends now when no end was given.
  const untilNow = { ...instants, ...(to === undefined && now > instants.from ? { to: now } : {}) };
  const width = asked.bucket === 'auto' ? chooseWidth(question, MOST_BUCKETS, untilNow, now) : asked.bucket;
  const plan = planBuckets(question, width, instants, now);
  const selection = {
    // The plan is made before the server is known. Citus refuses some figures that compare samples, with its own error.
    engine: 'postgres',
    by: asked.by,
    filters,
    fields,
    limit: Number.MAX_SAFE_INTEGER,
  } as const;
  return {
    ...bucketQuery(plan, selection),
    source: publicName(plan.relation),
    bucket: widthText(plan.width),
    keptSince: from === undefined ? null : plan.keptSince,
  };
}

/** The ends that were asked for, and the instants that stand for them; an end that was not asked for is as far as time goes. */
function rangeOf(request: ExportRequest) {
  const from = request.from === undefined ? undefined : parseTime('from', request.from);
  const to = request.to === undefined ? undefined : parseTime('to', request.to);
  const instants = {
    from: from === undefined ? EARLIEST : instantOf(from),
    to: to === undefined ? LATEST : instantOf(to),
  };
  if (from !== undefined && to !== undefined && instants.from >= instants.to)
    throw new UsageError(`the range is empty: --from ${from} is not before --to ${to}`);
  return { from, to, instants };
}

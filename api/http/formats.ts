// The three formats of rows. JSON has the rows with facts about them; CSV and NDJSON have these facts in headers.
import { type TSchema, Type } from '@fastify/type-provider-typebox';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { choice } from './common-schemas';
import { ProblemError } from './problems';
import { type FreshnessShown, staleText } from './stale-ranges';

const MEDIA_TYPES = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;

export type Format = keyof typeof MEDIA_TYPES;

const FORMATS = Object.keys(MEDIA_TYPES) as Format[];

/** The query parameter that names a format; without it, `Accept` decides. */
export const formatQuery = {
  format: Type.Optional(
    choice(FORMATS, { description: 'Format of the answer; takes precedence over Accept' }),
  ),
};

/** The schema of an answer that comes in all formats. */
export function inAllFormats<S extends TSchema>(json: S, description: string) {
  const text = Type.String();
  return {
    description,
    content: {
      'application/json': { schema: json },
      'text/csv': { schema: text },
      'application/x-ndjson': { schema: text },
    },
  } as const;
}

/**
 * The format that the request asks for.
 * @throws ProblemError (not-acceptable) when `Accept` allows none of the formats.
 */
export function formatOf(request: FastifyRequest): Format {
  const { format } = request.query as { format?: Format };
  if (format !== undefined) return format;
  const type = request.accepts().type(['application/json', 'text/csv', 'application/x-ndjson']);
  if (type === 'text/csv') return 'csv';
  if (type === 'application/x-ndjson') return 'ndjson';
  if (type === 'application/json') return 'json';
  throw new ProblemError(
    'not-acceptable',
    'Accept allows none of application/json, text/csv and application/x-ndjson; add ?format=json',
  );
}

/** Rows and facts about them. `next` is the cursor of the next page. */
export interface RowsAnswer<Row extends object> {
  /** Further members of the JSON answer. */
  readonly [member: string]: unknown;
  readonly data: readonly Row[];
  readonly source?: string;
  readonly bucket?: string | null;
  readonly freshness?: FreshnessShown | null;
  readonly next?: string | null;
}

/**
 * Sends rows in the format that the request asks for. JSON is the whole answer. The other formats have only its rows, with
 * `columns` as the CSV header; source, bucket, watermark and stale ranges are in headers `x-tsdb-*`. `Link` leads to the next page in every format.
 */
export function sendRows<Row extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  columns: readonly string[],
  answer: RowsAnswer<Row>,
): FastifyReply {
  const format = formatOf(request);
  void reply.type(MEDIA_TYPES[format]).header('vary', 'accept');
  if (answer.next) void reply.header('link', nextLink(request.url, answer.next));
  if (format === 'json') return reply.send(answer);
  const about = {
    'x-tsdb-source': answer.source,
    'x-tsdb-bucket': answer.bucket,
    'x-tsdb-watermark': answer.freshness?.watermark,
    'x-tsdb-stale': staleText(answer.freshness),
  };
  for (const [name, value] of Object.entries(about)) if (value) void reply.header(name, value);
  if (format === 'csv') return reply.send(csv(columns, answer.data));
  return reply.send(answer.data.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** The `Link` header that leads to the next page: the same question with its cursor. */
export function nextLink(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  searchParams.set('cursor', cursor);
  return `<${pathname}?${searchParams}>; rel="next"`;
}

// RFC 4180, but with \n as the line break, as most tools write it. NULL is an empty field, an empty text is "".
function csv(columns: readonly string[], rows: readonly object[]): string {
  return stringify([...rows], {
    header: true,
    columns: [...columns],
    cast: {
      boolean: String,
      object: (value) => JSON.stringify(value),
      string: (value) => (value === '' ? { value, quoted_empty: true } : value),
    },
  });
}

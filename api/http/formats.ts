// The three formats of rows. JSON has the rows with facts about them; CSV and NDJSON have these facts in headers.
import { type TSchema, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { choice } from './common-schemas';
import type { Rows } from './packed-rows';
import { ProblemError } from './problems';
import { csvText, jsonText, ndjsonText } from './row-text';
import { sendText } from './send-text';
import { type FreshnessShown, staleText } from './stale-ranges';

const MEDIA_TYPES = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const;

export type Format = keyof typeof MEDIA_TYPES;

const FORMATS = Object.keys(MEDIA_TYPES) as Format[];

/** The query parameters that name a format and a variant of it; without a format, `Accept` decides. */
export const formatQuery = {
  format: Type.Optional(
    choice(FORMATS, { description: 'Format of the answer; takes precedence over Accept' }),
  ),
  escape: Type.Optional(
    choice(['formulas'], {
      description:
        'Only with CSV: `formulas` puts an apostrophe before texts that a spreadsheet would take for formulas. Numbers stay as they are',
    }),
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
 * @throws ProblemError: not-acceptable when `Accept` allows none of the formats; invalid-request when the format has no such variant.
 */
export function formatOf(request: FastifyRequest): Format {
  const format = acceptedFormat(request);
  if (escapesFormulas(request) && format !== 'csv')
    throw new ProblemError(
      'invalid-request',
      'escape=formulas is only for CSV; add format=csv, or leave it out',
    );
  return format;
}

const escapesFormulas = ({ query }: FastifyRequest): boolean =>
  (query as { readonly escape?: string }).escape === 'formulas';

function acceptedFormat(request: FastifyRequest): Format {
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
  readonly data: Rows<Row>;
  readonly source?: string;
  readonly bucket?: string | null;
  readonly freshness?: FreshnessShown | null;
  readonly next?: string | null;
}

/**
 * Sends rows in the format that the request asks for. JSON is the whole answer. The other formats have only its rows, with
 * `columns` as the CSV header; source, bucket, watermark and stale ranges are in headers `x-tsdb-*`. `Link` leads to the next page in every format.
 * Any number of rows is sent without holding up other requests.
 */
export async function sendRows<Row extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  columns: readonly string[],
  answer: RowsAnswer<Row>,
): Promise<FastifyReply> {
  const format = formatOf(request);
  const link = answer.next ? { link: nextLink(request.url, answer.next) } : {};
  if (format === 'json') return sendJson(request, reply, answer, 'data', link);
  const about = {
    'x-tsdb-source': answer.source,
    'x-tsdb-bucket': answer.bucket,
    'x-tsdb-watermark': answer.freshness?.watermark,
    'x-tsdb-stale': staleText(answer.freshness),
  };
  const headers = {
    'content-type': MEDIA_TYPES[format],
    ...link,
    ...Object.fromEntries(Object.entries(about).filter((header): header is [string, string] => !!header[1])),
  };
  const text =
    format === 'csv'
      ? csvText(columns, answer.data, { escapesFormulas: escapesFormulas(request) })
      : ndjsonText(answer.data);
  return sendText(request, reply, headers, text);
}

/**
 * Sends JSON of which one member is many rows.
 * @param member the name of this member; the others are written as the schema of the route says.
 */
export function sendJson<Member extends string, Answer extends { readonly [name in Member]: Rows<object> }>(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
  member: Member,
  headers: Readonly<Record<string, string>> = {},
): Promise<FastifyReply> {
  const write = reply.getSerializationFunction('200', 'application/json') ?? JSON.stringify;
  const frame = write({ ...answer, [member]: [] });
  return sendText(
    request,
    reply,
    { ...headers, 'content-type': MEDIA_TYPES.json },
    jsonText(frame, member, answer[member]),
  );
}

/** The `Link` header that leads to the next page: the same question with its cursor. */
export function nextLink(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  searchParams.set('cursor', cursor);
  return `<${pathname}?${searchParams}>; rel="next"`;
}

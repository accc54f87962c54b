// Sends batches to POST /api/ingest/{table} of an API, for programs that have no connection to the database.
import type { Hypertable } from '../../db/language/hypertable';
import { publicName } from '../database/tables';
import { PROBLEM_TYPE_PREFIX } from '../http/problems';
import { type RejectionReport, rejectedRows } from './rejected-rows';
import { checkedRows, type SentValues } from './row-lines';
import type { Sink } from './sink';

/** The API and the table that rows are sent to. */
export interface HttpSinkOptions {
  /** Address of the API, e.g. `https://metrics.example`. */
  readonly url: string;
  readonly table: Hypertable;
  /** A key with the role `write`, if the API needs keys. */
  readonly apiKey?: string;
  /** Longest wait for an answer. Default 30000. */
  readonly timeoutMs?: number;
}

/** An answer that is not a success. */
export class ApiRefusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** The pause that the API asks for, in milliseconds. */
    readonly retryAfterMs: number,
  ) {
    super(`the API answered ${status}: ${detail}`);
    this.name = 'ApiRefusal';
  }
}

/** A sink for rows of the table; the API must serve the set `service`, which keeps the keys of batches. */
export function httpSink<R extends SentValues>(options: HttpSinkOptions): Sink<R> {
  const { url, table, apiKey, timeoutMs = 30_000 } = options;
  const address = new URL(`/api/ingest/${publicName(table)}`, url);
  return {
    write: async (given, { key, signal }) => {
      const { lines, sent, rejected } = checkedRows(table, given, Date.now());
      if (lines.length === 0) return rejected;
      const timeout = AbortSignal.timeout(timeoutMs);
      const response = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-ndjson',
          'idempotency-key': key,
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        body: `${lines.join('\n')}\n`,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      return [...rejected, ...rejectedRows(sent, await reportOf(response))];
    },
    retryAfter: (error) => {
      // There was no answer or only a part of it; the key makes another attempt harmless.
      if (!(error instanceof ApiRefusal)) return isNetworkError(error) ? 0 : undefined;
      const mayPass = error.status >= 500 || [408, 409, 429].includes(error.status);
      return mayPass ? error.retryAfterMs : undefined;
    },
  };
}

async function reportOf(response: Response): Promise<RejectionReport> {
  const text = await response.text();
  const answer = parsed(text);
  if (answer && (response.ok || answer.type === `${PROBLEM_TYPE_PREFIX}rows-rejected`))
    return answer as unknown as RejectionReport;
  const detail = typeof answer?.detail === 'string' ? answer.detail : text.slice(0, 200);
  throw new ApiRefusal(response.status, detail, pauseOf(response.headers.get('retry-after')));
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const LONGEST_PAUSE_MS = 300_000;

// Seconds, or a date.
function pauseOf(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}

// By name: fetch throws a TypeError with a cause for every network failure, and a TimeoutError after the time limit.
function isNetworkError(error: unknown): boolean {
  const { name, cause } = (error ?? {}) as { readonly name?: unknown; readonly cause?: unknown };
  return name === 'TimeoutError' || (name === 'TypeError' && cause !== undefined);
}

// Asks a deployed API over HTTP. Every answer is a result, whatever its status, and so is no answer.
import { messageOf } from '../../../db/core/errors';

/** An answer, or why there was none. */
export interface Answer {
  /** 0 when nothing answered. */
  readonly status: number;
  /** The parsed body of a JSON answer, else undefined. */
  readonly body: unknown;
  /** For people: the detail of a problem, the start of another body, or why there was no answer. */
  readonly said: string;
}

export interface ApiClient {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** Whose requests these are, and how long one may take. */
export interface ClientOptions {
  readonly key?: string | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
}

/** Requests to the API at an address such as `https://tsdb.example`. Redirects are not followed, because they would carry the key. */
export function apiClient(url: string, { key, signal, timeoutMs = 15_000 }: ClientOptions): ApiClient {
  const base = url.replace(/\/+$/, '');
  const login: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    signal.throwIfAborted();
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      const response = await fetch(`${base}${path}`, { ...init, redirect: 'manual', signal: limit });
      return answerOf(response.status, await response.text());
    } catch (error) {
      signal.throwIfAborted();
      return { status: 0, body: undefined, said: reasonOf(error) };
    }
  };
  return {
    get: (path) => ask(path, { headers: login }),
    post: (path, body, headers) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers, ...login },
        body: JSON.stringify(body),
      }),
  };
}

function answerOf(status: number, text: string): Answer {
  try {
    const body: unknown = JSON.parse(text);
    const detail = (body as { readonly detail?: unknown } | null)?.detail;
    return { status, body, said: typeof detail === 'string' ? detail : text.slice(0, 200) };
  } catch {
    return { status, body: undefined, said: text.slice(0, 200) };
  }
}

// fetch says "fetch failed" and keeps the reason in the cause.
function reasonOf(error: unknown): string {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause === undefined ? messageOf(error) : messageOf(cause);
}

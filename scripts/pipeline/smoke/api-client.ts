// Asks a deployed API over HTTP. Every answer is a result, whatever its status, and so is no answer.
import { request as askHttp, type IncomingMessage } from 'node:http';
import { request as askHttps } from 'node:https';
import { messageOf } from '../../../db/core/errors';
import type { Trust } from './trust';

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
  readonly trust?: Trust;
}

/** What is sent. */
interface Sent {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Requests to the API at an address such as `https://tsdb.example`. Redirects are not followed, because they would carry the key. */
export function apiClient(
  url: string,
  { key, signal, timeoutMs = 15_000, trust = {} }: ClientOptions,
): ApiClient {
  const base = url.replace(/\/+$/, '');
  const login: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  const ask = async (path: string, sent: Sent): Promise<Answer> => {
    signal.throwIfAborted();
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return await exchange(`${base}${path}`, sent, { ...trust, signal: limit });
    } catch (error) {
      signal.throwIfAborted();
      return { status: 0, body: undefined, said: reasonOf(error) };
    }
  };
  return {
    get: (path) => ask(path, { method: 'GET', headers: login }),
    post: (path, body, headers) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers, ...login },
        body: JSON.stringify(body),
      }),
  };
}

// fetch would take an authority from NODE_EXTRA_CA_CERTS only, which is read once at the start and adds to the public ones.
async function exchange(
  address: string,
  { body, ...sent }: Sent,
  options: Trust & { readonly signal: AbortSignal },
): Promise<Answer> {
  const ask = address.startsWith('https:') ? askHttps : askHttp;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(address, { ...sent, ...options }, resolve)
      .once('error', reject)
      .end(body);
  });
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return answerOf(response.statusCode ?? 0, text);
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

// A request that ran out of time keeps that in the cause, and one to several addresses keeps their reasons in a list.
function reasonOf(error: unknown): string {
  const { cause, errors } = (error ?? {}) as { cause?: unknown; errors?: readonly unknown[] };
  return messageOf(cause ?? errors?.[0] ?? error);
}

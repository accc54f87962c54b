// Asks the API: keeps what it answered with its ETag, so that unchanged data costs a 304; failures become ApiErrors.
import { readKey } from './key.js';

const LONGEST_MS = 30_000;
const KEPT = 30;
const kept = new Map();

/** Why there is no answer. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  constructor({ title, detail, status, type = '', retryAfter = null }, options) {
    super(detail, options);
    this.name = 'ApiError';
    this.title = title;
    this.status = status;
    this.type = type;
    /** Seconds that the server asks to wait, or null. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Gets JSON: `{ body, changed, milliseconds }`; `changed` is false when the answer is the one already kept.
 * Throws ApiError, or the AbortError of `signal`.
 */
export async function get(path, { signal } = {}) {
  const known = kept.get(path);
  const began = performance.now();
  const response = await send(path, signal, known && { 'if-none-match': known.etag });
  const milliseconds = Math.round(performance.now() - began);
  if (response.status === 304 && known) return { body: known.body, changed: false, milliseconds };
  if (!response.ok) throw await refusal(response);
  const body = await response.json();
  const etag = response.headers.get('etag');
  kept.delete(path);
  if (etag) kept.set(path, { etag, body });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return { body, changed: true, milliseconds };
}

/** Gets a file as a Blob. For downloads that need the key, which a plain link cannot carry. */
export async function getBlob(path) {
  const response = await send(path);
  if (!response.ok) throw await refusal(response);
  return response.blob();
}

/** Forgets all answers, as another key may see others. */
export const forgetAnswers = () => kept.clear();

async function send(path, signal, headers = {}) {
  const key = readKey();
  const late = AbortSignal.timeout(LONGEST_MS);
  try {
    return await fetch(path, {
      signal: signal ? AbortSignal.any([signal, late]) : late,
      // The browser's own cache would answer a 304 as 200 and hide that nothing changed.
      cache: 'no-store',
      headers: {
        accept: 'application/json',
        ...headers,
        ...(key ? { authorization: `Bearer ${key}` } : {}),
      },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const detail = late.aborted
      ? `The server did not answer within ${LONGEST_MS / 1000} s.`
      : 'The server cannot be reached; it may be stopped or restarting, or the network is down.';
    throw new ApiError({ title: 'No connection', detail, status: 0 }, { cause: error });
  }
}

async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const wait = Number(response.headers.get('retry-after'));
  return new ApiError({
    title: problem.title ?? `The server answered ${response.status}`,
    detail: problem.detail ?? 'It gave no reason.',
    type: problem.type,
    status: response.status,
    retryAfter: wait > 0 ? wait : null,
  });
}

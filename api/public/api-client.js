// Requests to the API. An answer is kept with its ETag, so unchanged data is answered by a short 304. Failures are ApiErrors.
import { readKey } from './key.js';

const LONGEST_MS = 30_000;
const KEPT = 30;
const kept = new Map();

/**
 * Why there is no answer. `status` is 0 when the server could not be reached. `retryAfter` is in seconds, or null when the
 * server does not ask to wait.
 */
export class ApiError extends Error {
  constructor({ title, detail, status, type = '', retryAfter = null }, options) {
    super(detail, options);
    Object.assign(this, { name: 'ApiError', title, status, type, retryAfter });
  }

  /** Whether the same request may succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Gets JSON: `{ body, changed, milliseconds }`. `changed` is false when the answer is the one that was kept.
 * Throws an ApiError, or the AbortError of `signal`.
 */
export async function get(path, { signal } = {}) {
  const known = kept.get(path);
  const began = performance.now();
  const response = await send(path, signal, known && { 'if-none-match': known.etag });
  const milliseconds = Math.round(performance.now() - began);
  if (response.status === 304) return { body: known.body, changed: false, milliseconds };
  const body = await response.json();
  const etag = response.headers.get('etag');
  kept.delete(path);
  if (etag) kept.set(path, { etag, body });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return { body, changed: true, milliseconds };
}

/** Gets a file as a Blob, for downloads with a key, which a plain link cannot send. */
export async function getBlob(path) {
  return (await send(path)).blob();
}

/** Forgets all answers, as another key may not see the same. */
export const forgetAnswers = () => kept.clear();

async function send(path, signal, headers = {}) {
  const key = readKey();
  const response = await fetchInTime(path, signal, {
    accept: 'application/json',
    ...headers,
    ...(key && { authorization: `Bearer ${key}` }),
  });
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => ({}));
  const {
    title = `The server answered ${response.status}`,
    detail = 'The server gave no reason.',
    type,
  } = problem;
  const retryAfter = Number(response.headers.get('retry-after')) || null;
  throw new ApiError({ title, detail, type, status: response.status, retryAfter });
}

async function fetchInTime(path, signal, headers) {
  const late = AbortSignal.timeout(LONGEST_MS);
  try {
    // The browser's own cache would answer a 304 as 200 and hide that nothing changed.
    return await fetch(path, {
      signal: AbortSignal.any([late, ...(signal ? [signal] : [])]),
      cache: 'no-store',
      headers,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const detail = late.aborted
      ? `The server did not answer within ${LONGEST_MS / 1000} s.`
      : 'The server cannot be reached. It may be stopped or restarting, or the network may be down.';
    throw new ApiError({ title: 'No connection', detail, status: 0 }, { cause: error });
  }
}

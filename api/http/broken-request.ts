// Answers bytes that are not an HTTP request. Node hands over the bare socket, so the answer is written by hand.
import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, ProblemError } from './problems';
import { securityHeaders } from './security';

const ANSWERS: Readonly<
  Record<string, { readonly status: number; readonly reason: string; readonly detail: string }>
> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    reason: 'Request Timeout',
    detail: 'The request took too long to arrive',
  },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    reason: 'Request Header Fields Too Large',
    detail: 'The request line and the headers are too large',
  },
};
const MALFORMED = { status: 400, reason: 'Bad Request', detail: 'This is not an HTTP request' };

/** Node's `clientError` listener. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  // The client is gone, or an answer is already on its way; writing a second one would garble it.
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, reason, detail } = ANSWERS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify(new ProblemError('invalid-request', detail, { status }).toDocument('/'));
  const headers = {
    ...securityHeaders,
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${head.join('')}\r\n${body}`);
}

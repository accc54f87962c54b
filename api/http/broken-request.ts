// Answers bytes that are not an HTTP request. Node hands over the bare socket, so the answer is written by hand.
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PROBLEM_MEDIA_TYPE, ProblemError, type ProblemName } from './problems';
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
  const answer = ANSWERS[error.code ?? ''] ?? MALFORMED;
  answerByHand(socket, { ...answer, problem: 'invalid-request' });
}

/** Node's `connect` listener: this is no proxy. Without a listener, Node would close the connection without an answer. */
export function refuseConnect(_request: unknown, socket: Duplex): void {
  answerByHand(socket, {
    status: 405,
    reason: 'Method Not Allowed',
    problem: 'wrong-method',
    detail: 'CONNECT is not allowed: this server is no proxy',
    // A list is demanded; what is asked for is no address here, so it has no methods.
    headers: { allow: '' },
  });
}

interface HandWritten {
  readonly status: number;
  readonly reason: string;
  readonly problem: ProblemName;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answerByHand(socket: Duplex, { status, reason, problem, detail, headers: own }: HandWritten): void {
  const body = JSON.stringify(new ProblemError(problem, detail, { status }).toDocument('/'));
  const headers = {
    ...securityHeaders,
    ...own,
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${head.join('')}\r\n${body}`);
}

// The log: one line per answer, the reasons of failures, and no secrets.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../db/core/errors';
import { clientOf } from './instance';
import { hideKeys } from './key-text';
import type { ProblemError, ProblemName } from './problems';

/** Levels of the log, from quiet to verbose. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Takes the lines of the log. */
export interface LogStream {
  write(line: string): void;
}

/** How lines are written. Our own lines contain no headers; secrets in headers that a plugin logs are hidden. */
export function logOptions(level: LogLevel, stream: LogStream) {
  const headers = ['authorization', 'cookie', 'set-cookie', 'x-api-key'].map((name) => `["${name}"]`);
  const places = ['', '*', 'headers', '*.headers', 'req.raw.headers'];
  return {
    level,
    stream,
    serializers: { err: shownError },
    redact: {
      paths: places.flatMap((place) => headers.map((header) => `${place}${header}`)),
      censor: '[hidden]',
    },
  };
}

/** What is logged of an error. Errors of the driver hold their whole connection, which is left out. */
function shownError(error: unknown): { type: string; code?: string; message: string; stack: string } {
  const { name = typeof error, code, stack = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return { type: name, ...(code === undefined ? {} : { code }), message: messageOf(error), stack };
}

const CLIENT_ID = /^[\x21-\x7e]{1,128}$/;

/** The id of a request: the client's `x-request-id` if it is printable and short, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  // An id that contains a key would be written into every line.
  const usable = typeof given === 'string' && CLIENT_ID.test(given) && hideKeys(given) === given;
  return usable ? given : randomUUID();
}

/** Logs requests. */
export interface RequestLog {
  /** Call it with every problem that is answered. */
  problem(problem: ProblemError, request: FastifyRequest): void;
  /** Hook `onResponse`. */
  response(request: FastifyRequest, reply: FastifyReply, done: () => void): void;
}

const REASON_EVERY_MS = 10_000;

/** Logs each kind of failure at most every ten seconds, so that an unreachable database does not fill the log. `now` is a clock in milliseconds. */
export function requestLog(now: () => number = () => performance.now()): RequestLog {
  const answered = new WeakMap<FastifyRequest, ProblemName>();
  const saidAt = new Map<ProblemName, number>();
  return {
    problem: (problem, request) => {
      answered.set(request, problem.problem);
      if (problem.problem === 'internal') request.log.error({ err: problem.cause }, 'unexpected failure');
      else if (
        problem.status >= 500 &&
        now() - (saidAt.get(problem.problem) ?? -REASON_EVERY_MS) >= REASON_EVERY_MS
      ) {
        saidAt.set(problem.problem, now());
        request.log.warn({ problem: problem.problem, reason: reasonOf(problem) }, 'requests fail');
      }
    },
    response: (request, reply, done) => {
      const status = reply.statusCode;
      const key = clientOf(request);
      const line = {
        method: request.method,
        url: hideKeys(request.url),
        status,
        milliseconds: Math.round(reply.elapsedTime * 10) / 10,
        ...(key === '' ? {} : { key }),
        ...(status >= 400 ? { problem: answered.get(request) } : {}),
      };
      // Probes come every few seconds and would hide the other lines.
      if (/^\/(health\/|metrics$)/.test(request.url)) request.log.debug(line);
      else if (status >= 500) request.log.warn(line);
      else request.log.info(line);
      done();
    },
  };
}

function reasonOf({ cause, detail }: ProblemError): string {
  return hideKeys(cause === undefined ? detail : messageOf(cause));
}

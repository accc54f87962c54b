// Admits writes: a request may send its body while there is room, and takes a place when the body is there.
import { type ApiApp, clientOf } from '../http/instance';
import { ProblemError } from '../http/problems';
import type { Arrival, Gate, Ticket } from './gate';
import { tooLarge } from './read/body';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body on its way; null on routes that take none. */
    arrival: Arrival | null;
    /** The place of a write. */
    ticket: Ticket | null;
  }
}

/** Makes every route of the plugin `app` pass the gate. */
export function admitWrites(app: ApiApp, gate: Gate, maxBodyBytes: number): void {
  app.decorateRequest('arrival', null);
  app.decorateRequest('ticket', null);
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'POST') return;
    if (Number(request.headers['content-length']) > maxBodyBytes) throw tooLarge(maxBodyBytes);
    const arrival = gate.arrive(clientOf(request));
    request.arrival = arrival;
    // One of these events always comes: the request was answered or refused, or its client has disconnected.
    reply.raw.once('finish', arrival.leave).once('close', arrival.leave);
  });
  app.addHook('preValidation', async (request) => {
    request.ticket = request.arrival?.admit() ?? null;
  });
  // A connection cannot be used again after a body that was not read to its end.
  app.addHook('onError', async (_request, reply, error) => {
    if (error instanceof ProblemError && [408, 413, 429].includes(error.status))
      void reply.header('connection', 'close');
  });
}

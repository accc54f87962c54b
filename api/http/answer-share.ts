// Which request the running code works for, as far as the limits of large answers are concerned. Queries find it by themselves, so
// that no route can forget to pass it on.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type ApiApp, clientOf } from './instance';
import { type AnswerShare, type LargeAnswerLimits, limitLargeAnswers } from './large-answers';

const shares = new AsyncLocalStorage<AnswerShare | undefined>();

/** Opens a share of the limits for every request; it ends with the answer or with the connection. */
export function shareLargeAnswers(app: ApiApp, limits: LargeAnswerLimits): void {
  const shareOf = limitLargeAnswers(limits);
  app.addHook('onRequest', (request, reply, done) => {
    const share = shareOf({ client: () => clientOf(request), question: request.url });
    reply.raw.once('close', share.leave);
    shares.run(share, done);
  });
}

/** The share of the request that this code runs for; undefined when it runs for none. */
export const currentShare = (): AnswerShare | undefined => shares.getStore();

/** Runs work that many requests share: it neither waits for the place of one of them nor ends with its client. */
export const forManyRequests = <T>(work: () => T): T => shares.run(undefined, work);

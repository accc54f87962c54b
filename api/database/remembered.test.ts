import fastify from 'fastify';
import { currentShare, shareLargeAnswers } from '../http/answer-share';
import type { ApiApp } from '../http/instance';
import { remembered } from './remembered';

describe('what is remembered between requests', () => {
  it('is read once for all who ask at the same time, and again after it was forgotten', async () => {
    let reads = 0;
    const known = remembered(async () => {
      reads += 1;
      return reads;
    });
    expect(await Promise.all([known.get(), known.get(), known.get()])).toEqual([1, 1, 1]);
    known.forget();
    expect(await known.get()).toBe(2);
  });

  it('is read again after a failure', async () => {
    const answers = [Promise.reject(new Error('lost')), Promise.resolve('there')];
    const known = remembered(() => answers.shift() as Promise<string>);
    await expect(known.get()).rejects.toThrow('lost');
    expect(await known.get()).toBe('there');
  });

  it('is not read for one of the requests, which may wait for a place or lose its client', async () => {
    const app = fastify();
    shareLargeAnswers(app as unknown as ApiApp, { places: 1, waiting: 1, waitMs: 1_000, heldBytes: 1_000 });
    const known = remembered(async () => {
      await Promise.resolve();
      return currentShare() === undefined;
    });
    app.get('/', async () => [currentShare() === undefined, await known.get(), currentShare() === undefined]);
    expect((await app.inject('/')).json()).toEqual([false, true, false]);
    await app.close();
  });
});

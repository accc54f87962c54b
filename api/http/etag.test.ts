import fastify from 'fastify';
import { entityTags } from './etag';
import type { ApiApp } from './instance';

describe('entityTags', () => {
  const app = fastify();
  entityTags(app as unknown as ApiApp);
  app.get('/', async (_request, reply) => reply.type('text/plain').send('body'));
  app.get('/kept', async (_request, reply) => reply.header('cache-control', 'max-age=60').send('body'));
  app.get('/broken', async (_request, reply) => reply.code(404).send('body'));
  app.put('/', async () => 'body');
  afterAll(() => app.close());
  const ask = (url: string, tag?: string, method: 'GET' | 'HEAD' | 'PUT' = 'GET') =>
    app.inject({ method, url, ...(tag === undefined ? {} : { headers: { 'if-none-match': tag } }) });

  it('tags an answer, and leaves out what the client has', async () => {
    const tag = String((await ask('/')).headers.etag);
    expect(tag).toMatch(/^W\/"[\w-]{20,}"$/);
    for (const header of [tag, tag.slice(2), `"other", ${tag}`, '*']) {
      const { statusCode, body, headers } = await ask('/', header);
      expect([header, statusCode, body, headers.etag]).toEqual([header, 304, '', tag]);
    }
    const head = await ask('/', tag, 'HEAD');
    expect(head.statusCode).toBe(304);
    // The length of what the client has is not 0.
    for (const answer of [head, await ask('/', tag)])
      expect(answer.headers['content-length']).toBeUndefined();
    expect((await ask('/', undefined, 'HEAD')).headers['content-length']).toBe('4');
    expect((await ask('/', '"other"')).statusCode).toBe(200);
  });

  it('makes caches ask again, unless the route says otherwise', async () => {
    expect((await ask('/')).headers['cache-control']).toBe('no-cache');
    expect((await ask('/kept')).headers['cache-control']).toBe('max-age=60');
  });

  it('has nothing to do with errors and writes', async () => {
    for (const answer of [await ask('/broken', '*'), await ask('/', '*', 'PUT')])
      expect([answer.statusCode === 304, answer.headers.etag, answer.body]).toEqual([
        false,
        undefined,
        'body',
      ]);
  });
});

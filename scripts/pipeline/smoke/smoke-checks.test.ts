import type { Answer, ApiClient } from './api-client';
import { smokeChecks } from './smoke-checks';

const client = (answer: Partial<Answer>): ApiClient => {
  const always = async (): Promise<Answer> => ({ status: 200, body: {}, said: '', ...answer });
  return { get: always, post: always };
};
const outcome = (name: string, anyone: ApiClient, url: string) =>
  smokeChecks.find((check) => check.name === name)?.run({ url: new URL(url), anyone });

describe('an API that other machines reach', () => {
  it.each([
    ['https://tsdb.example', 401, { kind: 'passed' }],
    ['https://tsdb.example', 200, { kind: 'failed', reason: expect.stringContaining('without a key') }],
    ['https://tsdb.example', 502, { kind: 'failed', reason: expect.stringContaining('answered 502') }],
    ['http://tsdb.example', 401, { kind: 'failed', reason: expect.stringContaining('use https') }],
    ['http://127.0.0.1:5000', 200, { kind: 'skipped' }],
    // The name of another machine that begins as the address of this one.
    ['http://127.0.0.1.example', 200, { kind: 'failed' }],
  ])('at %s that answers %d', async (url, status, expected) =>
    expect(await outcome('locked', client({ status }), url)).toMatchObject(expected),
  );

  it('must describe itself', async () => {
    const url = 'https://tsdb.example';
    const judged = (body: unknown) => outcome('openapi', client({ body }), url);
    expect(await judged({ openapi: '3.1.0', paths: { '/x': {} } })).toMatchObject({ kind: 'passed' });
    for (const body of [
      undefined,
      [],
      { openapi: '2.0', paths: { '/x': {} } },
      { openapi: '3.1.0', paths: {} },
    ])
      expect(await judged(body)).toMatchObject({ kind: 'failed' });
  });

  it('is not asked for data without a key', async () =>
    expect(
      await outcome('series', client({ body: { tables: [{ name: 't' }] } }), 'https://tsdb.example'),
    ).toEqual({
      kind: 'skipped',
      reason: expect.stringContaining('TSDB_API_KEY'),
    }));
});

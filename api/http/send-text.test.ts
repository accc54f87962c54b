// Answers of many rows through a real app: the bytes and headers of each format, and what else the server does meanwhile.
import { createHash } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import accepts from '@fastify/accepts';
import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify from 'fastify';
import { problemOf } from '../failures';
import { packed } from '../testing/packed';
import { shareLargeAnswers } from './answer-share';
import { entityTags } from './etag';
import { formatQuery, inAllFormats, sendRows } from './formats';
import type { ApiApp } from './instance';
import { PROBLEM_MEDIA_TYPE } from './problems';

const Answer = Type.Object({
  unit: Type.Object({ value: Type.String() }),
  count: Type.Integer(),
  next: Type.Union([Type.String(), Type.Null()]),
  data: Type.Array(
    Type.Object({
      time: Type.String({ format: 'date-time' }),
      value: Type.Unsafe<number | null>({ type: 'number', nullable: true }),
      id: Type.String(),
    }),
  ),
});

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    time: `2026-11-20T00:00:00.${String(at % 1_000_000).padStart(6, '0')}Z`,
    value: at % 7 === 0 ? null : at / 3,
    id: at % 5 === 0 ? 'a "quoted", \n text with ünïcödé' : '9223372036854775807',
  }));

function build() {
  const app = fastify().withTypeProvider<TypeBoxTypeProvider>() as ApiApp;
  app.decorateRequest('keyId', '');
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request);
    return reply.code(problem.status).type(PROBLEM_MEDIA_TYPE).send(problem.toDocument(request.url));
  });
  void app.register(accepts);
  shareLargeAnswers(app, { places: 2, waiting: 2, waitMs: 20_000, heldBytes: 1e9 });
  entityTags(app);
  const shape = (count: number) => ({ unit: { value: '°C' }, count, next: null });
  app.register(async (api: ApiApp) => {
    const schema = {
      querystring: Type.Object({
        ...formatQuery,
        rows: Type.Integer(),
        packed: Type.Optional(Type.Boolean()),
      }),
      response: { 200: inAllFormats(Answer, 'rows') },
    };
    api.get('/rows', { schema }, async (request, reply) => {
      const rows = rowsOf(request.query.rows);
      const data = request.query.packed ? packed(rows, ['time']) : rows;
      return sendRows(request, reply, ['time', 'value', 'id'], { ...shape(rows.length), data });
    });
    // The earlier way, as the reference: everything at once through the schema.
    api.get('/at-once', { schema }, async (request, reply) => {
      const data = rowsOf(request.query.rows);
      return reply.send({ ...shape(data.length), data });
    });
    api.get('/small', async () => 'small');
  });
  return app;
}

describe('answers of rows', () => {
  const app = build();
  beforeAll(() => app.listen({ port: 0, host: '127.0.0.1' }));
  afterAll(() => app.close());
  const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ method, url, headers });

  it.each([0, 1, 5_000, 20_000])('are those of the whole text, %i rows', async (rows) => {
    const whole = (await get(`/at-once?rows=${rows}`)).body;
    for (const packed of ['', '&packed=true']) {
      const answer = await get(`/rows?rows=${rows}${packed}`);
      expect(answer.body === whole).toBe(true);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(whole)),
        etag: `W/"${createHash('sha1').update(whole).digest('base64url')}"`,
        'cache-control': 'no-cache',
        vary: 'accept, accept-encoding',
      });
    }
  });

  it.each([1, 20_000])('have the same headers without a body for HEAD, %i rows', async (rows) => {
    for (const format of ['json', 'csv', 'ndjson']) {
      const url = `/rows?rows=${rows}&format=${format}`;
      const [answer, head] = [await get(url), await get(url, {}, 'HEAD')];
      const { date: _, connection: __, ...headers } = answer.headers;
      expect(head.body).toBe('');
      expect(head.headers).toMatchObject(headers);
    }
  });

  it.each([10, 20_000])('are 304 for who has them, compressed or not, %i rows', async (rows) => {
    for (const accept of [{}, { 'accept-encoding': 'gzip' }] as Record<string, string>[]) {
      const url = `/rows?rows=${rows}&format=csv`;
      const { etag } = (await get(url, accept)).headers;
      const known = { ...accept, 'if-none-match': String(etag) };
      const same = await get(url, known);
      expect([
        same.statusCode,
        same.body,
        same.headers['content-length'],
        same.headers['content-encoding'],
      ]).toEqual([304, '', undefined, undefined]);
      expect((await get(url, known, 'HEAD')).statusCode).toBe(304);
      expect((await get(`/rows?rows=${rows + 1}&format=csv`, known)).statusCode).toBe(200);
    }
  });

  it.each([30, 20_000])('are compressed for who accepts it, %i rows', async (rows) => {
    for (const format of ['json', 'csv', 'ndjson']) {
      const url = `/rows?rows=${rows}&format=${format}`;
      const plain = await get(url);
      for (const [coding, decode] of [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
      ] as const) {
        const answer = await get(url, { 'accept-encoding': coding });
        expect(answer.headers).toMatchObject({
          'content-encoding': coding,
          'content-length': String(answer.rawPayload.length),
          etag: plain.headers.etag,
        });
        expect(decode(answer.rawPayload).equals(plain.rawPayload)).toBe(true);
      }
    }
  });

  it('have the coding that the client asks for', async () => {
    const codingFor = async (header: string, rows = 1_000) => {
      const { statusCode, headers } = await get(`/rows?rows=${rows}`, { 'accept-encoding': header });
      return statusCode === 200 ? (headers['content-encoding'] ?? 'none') : statusCode;
    };
    expect(await codingFor('')).toBe('none');
    expect(await codingFor('identity')).toBe('none');
    expect(await codingFor('deflate')).toBe('none');
    expect(await codingFor('gzip, deflate, br')).toBe('gzip');
    expect(await codingFor('gzip;q=0.5, br')).toBe('br');
    expect(await codingFor('gzip;q=0')).toBe('none');
    // Few rows are not worth it, unless nothing else is accepted.
    expect(await codingFor('gzip', 1)).toBe('none');
    expect(await codingFor('identity;q=0, gzip', 1)).toBe('gzip');
    expect(await codingFor('*;q=0, gzip', 0)).toBe('gzip');
    for (const header of ['identity;q=0', '*;q=0', 'deflate, identity;q=0'])
      for (const rows of [0, 5_000]) expect(await codingFor(header, rows)).toBe(406);
  });

  it('leave their turns to other requests', async () => {
    const ended: string[] = [];
    const large = ['json', 'csv', 'ndjson'].map((format) =>
      get(`/rows?rows=20000&format=${format}`).finally(() => ended.push(format)),
    );
    let small = 0;
    for (; ended.length === 0; small += 1) {
      await get('/small');
      // An injected request ends within a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(large);
    // All at once, the first large answer would have come before any of these.
    expect(small).toBeGreaterThan(10);
  });

  it('end the connection of a client that stops reading, and are whole for one that reads', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
    try {
      const { port } = app.server.address() as AddressInfo;
      const open = (version: string) => {
        const socket = connect(port, '127.0.0.1');
        socket.write(`GET /rows?rows=150000 HTTP/${version}\r\nhost: x\r\nconnection: close\r\n\r\n`);
        return socket;
      };
      const whole = (await get('/rows?rows=150000')).rawPayload;
      for (const version of ['1.1', '1.0']) {
        const chunks: Buffer[] = [];
        await new Promise((resolve) =>
          open(version)
            .on('data', (part) => chunks.push(part))
            .on('close', resolve),
        );
        const all = Buffer.concat(chunks);
        expect(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(whole)).toBe(true);
      }
      const idle = open('1.1');
      const first = await new Promise<Buffer>((resolve) => idle.once('data', resolve));
      idle.pause();
      expect(first.toString()).toContain(`content-length: ${whole.length}\r\n`);
      const closed = new Promise((resolve) => idle.once('close', resolve));
      jest.advanceTimersByTime(10_000);
      let rest = first.length;
      idle.on('data', (part) => {
        rest += part.length;
      });
      idle.on('error', () => undefined);
      idle.resume();
      await closed;
      expect(rest).toBeLessThan(whole.length);
    } finally {
      jest.useRealTimers();
    }
  });

  it('are refused when too many others are large', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => get('/rows?rows=20000')));
    const statuses = answers.map(({ statusCode }) => statusCode).sort();
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429, 429, 429]);
    const refused = answers.find(({ statusCode }) => statusCode === 429);
    expect(refused?.headers).not.toHaveProperty('etag');
    expect(refused?.headers['content-length']).toBe(String(refused?.rawPayload.length));
    expect(refused?.json().detail).toMatch(/^Too many large answers/);
    expect((await get('/rows?rows=20000')).statusCode).toBe(200);
  });
});

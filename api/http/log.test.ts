// The log without a database: what a line says, whose request id it has, and that a failing database does not flood it.
import { buildApp } from '../app';
import { readConfig } from '../config';
import { openDatabase } from '../database/database';
import { logOptions, requestIdOf, requestLog } from './log';
import { ProblemError } from './problems';

interface Line {
  readonly level: number;
  readonly [field: string]: unknown;
}

const INFO = 30;
const WARN = 40;

/** An app whose database is away, and what it logs. */
function appWithLog() {
  const lines: string[] = [];
  const config = readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  const database = openDatabase(config);
  const logger = logOptions('info', { write: (line) => lines.push(line) });
  const app = buildApp({ database, config, logger });
  const stop = () => Promise.all([app.close(), database.end()]);
  return { app, stop, lines: () => lines.map((line) => JSON.parse(line) as Line) };
}

describe('a request', () => {
  it('has one line with its id, address, status and time', async () => {
    const { app, stop, lines } = appWithLog();
    await app.inject({ url: '/nothing?a=b', headers: { 'x-request-id': 'mine-1' } });
    await app.inject({ url: '/health/live' });
    await stop();
    expect(lines()).toEqual([
      expect.objectContaining({
        level: INFO,
        reqId: 'mine-1',
        method: 'GET',
        url: '/nothing?a=b',
        status: 404,
        problem: 'unknown-route',
        milliseconds: expect.any(Number),
      }),
    ]);
  });

  it('has the id of the client when it is printable and short, else a new one', async () => {
    const { app, stop } = appWithLog();
    const idFor = async (id: string) =>
      (await app.inject({ url: '/health/live', headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await idFor('a/b:1~!')).toBe('a/b:1~!');
    expect(await idFor('x'.repeat(128))).toBe('x'.repeat(128));
    const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
    for (const id of ['', 'x'.repeat(129), 'two words', 'ä', `tsdb_abcdefgh0123_${'x'.repeat(43)}`])
      expect(await idFor(id)).toMatch(uuid);
    expect(requestIdOf({ headers: {} })).not.toBe(requestIdOf({ headers: {} }));
    await stop();
  });

  it('that fails for want of a database has one line without a stack, and the reason is told once', async () => {
    const { app, stop, lines } = appWithLog();
    for (let n = 0; n < 5; n += 1) expect((await app.inject('/api/sensors')).statusCode).toBe(503);
    await stop();
    const said = lines();
    expect(said.map(({ level }) => level)).toEqual(Array(6).fill(WARN));
    expect(said.filter(({ status }) => status === 503)).toHaveLength(5);
    expect(said.filter(({ reason }) => reason !== undefined)).toEqual([
      expect.objectContaining({
        problem: 'database-unavailable',
        reason: expect.stringContaining('ECONNREFUSED'),
      }),
    ]);
    expect(JSON.stringify(said)).not.toMatch(/stack|node_modules/);
  });
});

describe('reasons', () => {
  it('are told again after ten seconds, and each kind for itself', () => {
    let now = 0;
    const said: unknown[] = [];
    const log = requestLog(() => now);
    const request = { log: { warn: ({ problem }: { problem: string }) => said.push(problem) } } as never;
    const fail = (name: 'database-unavailable' | 'database-timeout') =>
      log.problem(new ProblemError(name, 'away'), request);
    fail('database-unavailable');
    now = 9_999;
    fail('database-unavailable');
    fail('database-timeout');
    now = 10_000;
    fail('database-unavailable');
    log.problem(new ProblemError('bad-time', 'of the client'), request);
    expect(said).toEqual(['database-unavailable', 'database-timeout', 'database-unavailable']);
  });
});

describe('logOptions', () => {
  const logging = () => {
    const lines: string[] = [];
    const config = readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
    const database = openDatabase(config);
    const logger = logOptions('info', { write: (line) => lines.push(line) });
    const app = buildApp({ database, config, logger });
    return { app, lines, close: () => Promise.all([app.close(), database.end()]) };
  };

  it('leaves secrets of headers out, wherever a plugin writes them', async () => {
    const { app, lines, close } = logging();
    const headers = { authorization: 'SECRET', 'x-api-key': 'SECRET', cookie: 'SECRET', accept: 'shown' };
    app.log.info(headers);
    app.log.info({ headers });
    app.log.info({ req: { headers } });
    app.log.info({ res: { headers: { 'set-cookie': 'SECRET' } } });
    app.log.info({ req: { raw: { headers } } });
    await close();
    expect(lines).toHaveLength(5);
    expect(lines.join('')).toContain('shown');
    expect(lines.join('')).not.toContain('SECRET');
  });

  it('tells what an error says, not what it carries', async () => {
    const { app, lines, close } = logging();
    const carried = { client: { password: 'SECRET' } };
    app.log.error({ err: Object.assign(new Error('it broke'), { code: '57P01', ...carried }) });
    app.log.error({ err: 'a text' });
    await close();
    expect(lines.map((line) => JSON.parse(line).err)).toEqual([
      { type: 'Error', code: '57P01', message: 'it broke', stack: expect.stringContaining('log.test') },
      { type: 'string', message: 'a text', stack: '' },
    ]);
    expect(lines.join('')).not.toContain('SECRET');
  });
});

import { buildApp } from '../app';
import { readConfig } from '../config';
import { openDatabase } from '../database/database';

describe('a server without keys', () => {
  const apps: { close(): Promise<unknown> }[] = [];
  const statusOf = async (env: Record<string, string>, headers: Record<string, string>): Promise<number> => {
    const config = readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', ...env });
    const database = openDatabase(config);
    const app = buildApp({ database, config });
    apps.push(app, { close: () => database.end() });
    return (await app.inject({ method: 'GET', url: '/health/live', headers })).statusCode;
  };
  afterAll(async () => {
    for (const app of apps) await app.close();
  });

  it.each([
    [{}, { host: 'localhost:5000' }, 200],
    [{}, { host: '127.0.0.1:5000', origin: 'http://127.0.0.1:5000' }, 200],
    [{}, { host: '[::1]:5000' }, 200],
    // A name that its owner lets point to this machine.
    [{}, { host: 'evil.example:5000', origin: 'http://evil.example:5000' }, 403],
    [{}, { host: '127.0.0.1.evil.example' }, 403],
    // A page that sends a form.
    [{}, { host: 'localhost:5000', origin: 'https://evil.example' }, 403],
    [{}, { host: 'localhost:5000', origin: 'null' }, 403],
    [
      { TSDB_CORS_ORIGINS: 'https://friend.example' },
      { host: 'localhost:5000', origin: 'https://friend.example' },
      200,
    ],
    // Meant to be reached by other names.
    [{ HOST: '0.0.0.0', TSDB_API_AUTH: 'off' }, { host: 'tsdb.example', origin: 'http://tsdb.example' }, 200],
    [{ HOST: '0.0.0.0', TSDB_API_AUTH: 'off' }, { host: 'tsdb.example', origin: 'http://evil.example' }, 403],
  ])('%j with %j: %i', async (env, headers, status) => {
    expect(await statusOf(env, headers)).toBe(status);
  });
});

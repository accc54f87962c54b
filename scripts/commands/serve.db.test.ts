// `tsdb serve` as a process: every signal that asks a program to stop lets it end well.
import {
  createTestDatabase,
  type TestDatabase,
  type TestServer,
  testServers,
} from '../../db/local/test-servers';
import { iot } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { applied } from '../../db/testing/apply';
import { startTsdb } from '../testing/command-line';

describe('serve', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(testServers()[0] as TestServer, applied([iot, service]));
  });
  afterAll(() => database.drop());

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends well on %s', async (signal) => {
    const api = startTsdb(['serve', '--port', '0'], {
      env: { DATABASE_URL: database.url, LOG_LEVEL: 'info' },
    });
    const [, url] = await api.says(/page and API: (\S+)/);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    api.process.kill(signal);
    expect(await api.finished).toMatchObject({ code: 0, signal: null });
    expect(api.output()).toContain('"stopping"');
  });
});

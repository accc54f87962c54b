// Asks what docs/api.md asks about readings and series.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { testServers } from '../../db/local/test-servers';
import { startApi } from '../testing/api-under-test';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const page = readFileSync(join(__dirname, '../../docs/api.md'), 'utf8');
const [reading = ''] = page.split('\n## Write rows');
const commands = [...reading.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
);
const requests = commands.filter((line) => line.startsWith('curl ') && !line.includes(' -X '));

/** The address that a curl command asks for. */
function addressOf(command: string): string {
  const words = [...command.replace(/ {2,}#.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, bare]) => quoted ?? bare ?? '',
  );
  const base = words.find((word) => /^(http|\$SERIES)/.test(word)) ?? '';
  const address = base.replace('$SERIES', 'http://127.0.0.1:5000/api/series/sensor_data');
  const parameters = words
    .filter((_, at) => words[at - 1] === '-d' || words[at - 1] === '--data-urlencode')
    .map((word) => `${word.split('=')[0]}=${encodeURIComponent(word.slice(word.indexOf('=') + 1))}`);
  return `${address.replace('http://127.0.0.1:5000', '')}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
}

describe.each(testServers())('docs/api.md on $describe', (server) => {
  const api = forSuite(() => startApi(server));

  beforeAll(async () => {
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT now() - n * interval '10 minutes', 'sensor_00' || n % 2 + 1, n % 20, 50, 1000 + n FROM generate_series(1, 300) n`,
    );
    await refreshAll(api.url);
  });

  it('shows every request once', () => {
    expect(requests.length).toBeGreaterThan(20);
    expect(new Set(requests).size).toBe(requests.length);
  });

  it.each(requests)('answers %s', async (command) => {
    const answer = await api.get(addressOf(command));
    expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([200, '']);
  });
});

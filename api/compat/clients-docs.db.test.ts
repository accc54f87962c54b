// docs/clients.md: its programs and queries run as they stand there.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { desiredFrom } from '../../db/language/desired';
import { testServers } from '../../db/local/test-servers';
import { selectSets } from '../../db/schema/sets';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { startDoor } from './testing/unreliable-door';

const root = join(__dirname, '../..');
const page = readFileSync(join(root, 'docs/clients.md'), 'utf8');
const snippets = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text);

describe.each(testServers())('docs/clients.md on $describe', (server) => {
  const door = forSuite(() =>
    startDoor(server, { desired: desiredFrom(selectSets('iot,telemetry,service,access')) }),
  );
  const readings = async () => (await door.rows('SELECT count(*)::int AS rows FROM sensor_data'))[0]?.rows;

  it.each(snippets('js').map((text, at) => [at + 1, text] as const))(
    'program %s in JavaScript stores a reading',
    async (at, text) => {
      const before = (await readings()) as number;
      const program = text
        .replaceAll('tsdb_…', door.keys.write)
        .replaceAll('127.0.0.1:5000', new URL(door.url).host)
        .replaceAll('port: 5000', `port: ${new URL(door.url).port}`);
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], { cwd: root });
      expect([at, stdout]).toEqual([at, 'stored\n']);
      expect(await readings()).toBe(before + 1);
    },
  );

  it('the query for Grafana runs with a login that may only read', async () => {
    const login = `grafana_${process.pid}`;
    const [create = '', query = ''] = snippets('sql');
    await runSql(door.databaseUrl, create.replace('ROLE grafana', `ROLE ${login}`));
    const url = new URL(door.databaseUrl);
    url.username = login;
    url.password = 'a long password';
    const reader = new Client({ connectionString: url.href });
    try {
      await reader.connect();
      // As Grafana writes it.
      const filter = "time BETWEEN '2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'";
      const { rows } = await reader.query(query.replace('$__timeFilter(time)', filter));
      expect(rows[0]).toMatchObject({ metric: 'sensor_001', temperature: 21.5 });
      await expect(reader.query('DELETE FROM sensor_data')).rejects.toThrow(/permission denied/);
    } finally {
      await reader.end();
      await runSql(door.databaseUrl, `DROP ROLE ${login}`);
    }
  });

  it('the address for Infinity answers with rows', async () => {
    const address = (snippets('text')[0] ?? '')
      .replace('127.0.0.1:5000', new URL(door.url).host)
      .replace(/\$\{__from\}/, String(Date.now() - 3_600_000))
      .replace(/\$\{__to\}/, String(Date.now() + 60_000))
      .trim();
    const answer = await fetch(address, { headers: { authorization: `Bearer ${door.keys.read}` } });
    expect([answer.status, ((await answer.json()) as { data: unknown[] }).data[0]]).toEqual([
      200,
      { time: expect.any(String), avg_temperature: 21.5 },
    ]);
  });
});

// Runs the programs of docs/writer.md as they stand there.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testServers } from '../../db/local/test-servers';
import { type ApiUnderTest, startApi } from '../testing/api-under-test';

const ROOT = join(__dirname, '../..');
const text = readFileSync(join(ROOT, 'docs/writer.md'), 'utf8');
const programs = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program]) => program ?? '');

describe.each(testServers())('docs/writer.md on $describe', (server) => {
  let api: ApiUnderTest;
  let folder: string;
  beforeAll(async () => {
    api = await startApi(server);
    await api.app.listen({ port: 0, host: '127.0.0.1' });
    folder = mkdtempSync(join(tmpdir(), 'tsdb-docs-'));
  });
  afterAll(async () => {
    await api.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function run(program: string, name: string) {
    const file = join(folder, `${name}.ts`);
    writeFileSync(file, program.replaceAll(`from './`, `from '${ROOT}/`));
    const address = api.app.server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const env = { ...process.env, DATABASE_URL: api.url, API_URL: `http://127.0.0.1:${port}` };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], {
      cwd: ROOT,
      env,
    });
    return { counters: JSON.parse(stdout), stderr };
  }

  it('has programs that store what they say', async () => {
    expect(programs).toHaveLength(2);
    // The key of the second one makes a second run harmless.
    const [table, http] = await Promise.all(programs.map((program, at) => run(program, `program${at}`)));
    const again = await run(programs[1] ?? '', 'again');
    expect(table?.counters).toMatchObject({ accepted: 2_501, written: 2_500, refused: 1, flushes: 3 });
    expect(table?.stderr).toContain('temperature must be a finite number');
    expect([http, again].map((result) => result?.counters)).toEqual(
      Array(2).fill(expect.objectContaining({ accepted: 3, written: 3, refused: 0 })),
    );
    const { rows } = await api.pool.query(
      'SELECT sensor_id, count(*)::int AS n FROM sensor_data GROUP BY 1 ORDER BY 1',
    );
    expect(rows).toEqual([
      { sensor_id: 'sensor_001', n: 2_500 },
      { sensor_id: 'sensor_002', n: 3 },
    ]);
  });
});

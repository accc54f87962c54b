// What `tsdb plan` and `tsdb apply` show, save and drop.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import type { Plan } from '../../db/model';
import { iot } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { applied } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';

let host: CommandHost;
let folder: string;
beforeAll(() => {
  host = startHost();
  folder = temporaryFolder();
});
afterAll(async () => {
  await host.stop();
  removeFolder(folder);
});

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  const run: CommandHost['run'] = (args, env) =>
    host.run(args, { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot,service', ...env });
  afterEach(() => database.drop());

  it('shows statements when asked, and the scripts of the program by their digest', async () => {
    database = await createTestDatabase(server);
    const file = join(folder, `${engine}.json`);
    const [text, sql, json, markdown] = await Promise.all([
      run(['plan']),
      run(['plan', '--sql']),
      run(['plan', '--json', '--out', file]),
      run(['plan', '--format', 'markdown']),
    ]);
    expect(text.stdout).not.toContain('CREATE TABLE');
    expect(sql.stdout).toContain('\n      CREATE TABLE "public"."sensor_thresholds" (');
    expect(sql.stdout).toMatch(/\n {6}-- backfill-aggregate:\S+; each statement runs on its own\n {6}CALL /);
    for (const { stdout } of [sql, json, markdown]) {
      expect(stdout).toMatch(/-- a script of this program, \d+ lines, sha256 [0-9a-f]{64}/);
      expect(stdout).not.toContain('tsdb.journal');
    }
    const printed = JSON.parse(json.stdout) as Plan;
    expect(readFileSync(file, 'utf8')).toBe(json.stdout);
    const done = await run(['apply', file, '--yes', '--sql', '--json']);
    expect(done.code).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({
      applied: printed.steps.map(({ id }) => id),
      fingerprint: printed.fingerprint,
    });
    expect(done.stderr).toMatch(
      /\] public\.sensor_thresholds: table with \d+ columns\n-- create-table:\S+\nCREATE TABLE /,
    );
  });

  it('drops a set that is not selected any more only with --prune and consent', async () => {
    database = await createTestDatabase(server, applied([iot, service]));
    const without = { TSDB_SCHEMAS: 'iot' };
    const file = join(folder, `${engine}-prune.json`);
    const kept = await run(['plan', '--out', file], without);
    expect(kept.stdout).toContain(
      'undeclared, left alone  table service.api_key, created by an apply: --prune drops it\n',
    );
    expect(kept.stdout).toMatch(/In sync: the database is as declared\.\n$/);
    const wrong = await run(['apply', file, '--yes', '--prune'], without);
    expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('was made without --prune');

    const plan = await run(['plan', '--prune', '--out', file], without);
    expect(plan.stdout).toMatch(
      /service\.api_key\n {2}- table that is not declared any more .*\n {6}drops-object: deletes table service\.api_key with 0 rows, [\d.]+ KiB; only a backup brings it back\n/,
    );
    const tables = service.objects.length;
    expect(plan.stdout).toMatch(
      new RegExp(
        `${tables} steps: 0 to create, 0 to change, ${tables} to drop, 0 to run; needs --allow drops-object\n$`,
      ),
    );
    expect(await run(['apply', '--prune', '--yes'], without)).toMatchObject({ code: 3 });
    expect(await run(['apply', file, '--yes', '--allow', 'drops-object'], without)).toMatchObject({
      code: 0,
      stdout: `In sync: ${tables} steps applied.\n`,
    });
  });

  it('warns in every run of a retention that outlives its declaration', async () => {
    database = await createTestDatabase(server, applied([iot, service]));
    const without = { TSDB_SCHEMAS: 'service' };
    const says =
      /public\.sensor_data is not declared any more, but job \d+ goes on deleting rows older than 90 days; declare it again, drop it with --prune, or remove the job\n/;
    const [plan, apply] = await Promise.all([run(['plan'], without), run(['apply', '--yes'], without)]);
    expect(plan.stdout).toMatch(new RegExp(`\nwarning {2}${says.source}`));
    expect(plan.stdout).toMatch(/In sync: the database is as declared\.; \d+ warnings\n$/);
    expect(apply).toMatchObject({ code: 0, stdout: 'In sync: nothing to do.\n' });
    expect(apply.stderr).toMatch(new RegExp(`warning: ${says.source}`));
  });
});

// The built program as the image runs it: alone, read-only, without the repository, as a user that owns nothing.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createTestDatabase, type TestDatabase, testServers } from '../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../db/local/testing/places';
import { select } from '../db/testing/apply';

const NOBODY = 65_534;
const ROOT = join(__dirname, '..');
const asNobody = process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

const started: ChildProcess[] = [];
let place: string;
let dist: string;

// In processes of their own: esbuild does not work inside jest's realm.
const build = (folder: string) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'scripts/bundle.ts', folder], {
    cwd: ROOT,
    encoding: 'utf8',
  });

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

function runDist(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(dist, 'tsdb.js'), ...args], { cwd: '/', env, ...asNobody });
  let all = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (all += text));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  started.push(child);
  return { child, code, output: () => all };
}

beforeAll(() => {
  place = temporaryFolder();
  const built = build(join(place, 'built'));
  expect({ status: built.status, stderr: built.stderr }).toEqual({
    status: 0,
    stderr: `built ${join(place, 'built', 'tsdb.js')}\n`,
  });
  // A copy elsewhere: nothing beside it can be found by accident.
  dist = join(mkdtempSync(join(tmpdir(), 'tsdb-place-')), 'app');
  cpSync(join(place, 'built'), dist, { recursive: true });
  chmodSync(join(dist, '..'), 0o755);
  spawnSync('chmod', ['-R', 'a-w,a+rX', dist]);
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  spawnSync('chmod', ['-R', 'u+w', dist]);
  removeFolder(join(dist, '..'));
  removeFolder(place);
});

describe('the build', () => {
  it('is the same twice, byte for byte', () => {
    const again = join(place, 'again');
    expect(build(again).status).toBe(0);
    expect(filesOf(again)).toEqual(filesOf(join(place, 'built')));
    for (const file of filesOf(again))
      expect([
        file,
        readFileSync(join(again, file)).equals(readFileSync(join(place, 'built', file))),
      ]).toEqual([file, true]);
  });

  it('names no folder of the machine that built it, and holds no development package', () => {
    const program = readFileSync(join(dist, 'tsdb.js'), 'utf8');
    expect(program).not.toContain(ROOT);
    const licences = readFileSync(join(dist, 'LICENSES.txt'), 'utf8');
    for (const name of ['fastify', 'pg', '@fastify/swagger-ui', 'uplot', 'kafkajs', 'mqtt', 'protobufjs'])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'));
    for (const name of ['esbuild', 'typescript', 'jest', 'cdktf', 'tsx'])
      expect(licences).not.toMatch(new RegExp(`^${name} \\d`, 'm'));
    expect(statSync(join(dist, 'tsdb.js')).mode & 0o111).toBe(0o111);
  });

  it('refuses to empty a folder that holds something else', () => {
    const folder = join(place, 'precious');
    mkdirSync(join(folder, 'data'), { recursive: true });
    expect(build(folder)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('choose another folder'),
    });
    expect(existsSync(join(folder, 'data'))).toBe(true);
  });
});

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'the program on %s',
  (_engine, server) => {
    let database: TestDatabase;
    let env: Record<string, string>;
    beforeAll(async () => {
      database = await createTestDatabase(server);
      env = { DATABASE_URL: database.url };
    });
    afterAll(() => database.drop());

    it('has help', async () => {
      const { code, output } = runDist(['--help']);
      expect({ code: await code, output: output() }).toEqual({
        code: 0,
        output: expect.stringContaining('Usage: tsdb'),
      });
    });

    it('applies the schema and runs the jobs', async () => {
      const apply = runDist(['apply', '--yes'], env);
      expect({ code: await apply.code, output: apply.output() }).toEqual({
        code: 0,
        output: expect.stringMatching(/In sync: \d+ steps applied/),
      });
      expect(await select(database.url, `SELECT FROM pg_class WHERE relname = 'sensor_data'`)).toHaveLength(
        1,
      );
      const jobs = runDist(['jobs', 'run'], env);
      expect({ code: await jobs.code, output: jobs.output() }).toEqual({
        code: 0,
        output: expect.stringContaining(' 0 failed'),
      });
    });

    it('tells people to call it by its name', async () => {
      const revoke = runDist(['keys', 'revoke', 'abcdefghijkl'], env);
      expect({ code: await revoke.code, output: revoke.output() }).toEqual({
        code: 1,
        output: expect.stringContaining('"tsdb keys list" shows the ids'),
      });
    });

    it('serves the page, its library, the documentation and the sensors', async () => {
      const api = runDist(['serve'], { ...env, PORT: '0', NODE_ENV: 'production' });
      const url = await new Promise<string>((resolve, reject) => {
        const look = (): void => {
          const [, found] = /page and API: (\S+)/.exec(api.output()) ?? [];
          if (found) resolve(found);
        };
        api.child.stderr.on('data', look);
        void api.code.then((code) => reject(new Error(`ended with ${code}: ${api.output()}`)));
      });
      const get = async (path: string) => {
        const answer = await fetch(`${url}${path}`);
        return {
          path,
          status: answer.status,
          type: answer.headers.get('content-type')?.split(';')[0],
          text: await answer.text(),
        };
      };
      for (const [path, type, part] of [
        ['/', 'text/html', '<title>'],
        ['/app.js', 'application/javascript', ''],
        ['/vendor/uplot/uPlot.iife.min.js', 'application/javascript', 'uPlot'],
        ['/vendor/uplot/uPlot.min.css', 'text/css', '.uplot'],
        ['/docs/', 'text/html', 'swagger-ui'],
        ['/docs/static/swagger-ui-bundle.js', 'application/javascript', ''],
        ['/openapi.json', 'application/json', '"/api/sensors"'],
        ['/api/sensors', 'application/json', 'sensors'],
        ['/health/ready', 'application/json', ''],
        ['/metrics', 'text/plain', 'process_cpu'],
      ])
        expect(await get(path as string)).toEqual({
          path,
          status: 200,
          type,
          text: expect.stringContaining(part as string),
        });
      api.child.kill('SIGINT');
      expect(await api.code).toBe(0);
    });

    it('says that it cannot start a platform of its own', async () => {
      const up = runDist(['up', '--port', '0', '--data', join(tmpdir(), 'tsdb-never-made')], {
        TSDB_LOCAL_SERVER: 'timescaledb',
        TSDB_PG_BIN: '/nowhere',
      });
      expect(await up.code).toBe(1);
      expect(up.output()).toMatch(/^error: .*TSDB_PG_BIN=\/nowhere has no executable postgres; /);
    });
  },
);

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>;
  };

  it('builds without development packages: the bundler and its runner are no such', () => {
    expect(dockerfile).toContain('npm ci --omit=dev');
    for (const name of ['esbuild', 'tsx']) expect(lock.packages[`node_modules/${name}`]?.dev).toBeUndefined();
  });

  it('copies only what .dockerignore lets through, and ends as an ordinary user', () => {
    const allowed = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
    for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'LICENSE'])
      expect(allowed).toContain(`!${name}`);
    expect(dockerfile).toMatch(/\nUSER 10001:10001\n/);
    expect(dockerfile.trimEnd().split('\n').at(-1)).toBe('CMD ["tsdb", "serve"]');
  });
});

// Runs rollouts on the machine in front of a database that a service runs. A server stands for the service: it takes only TLS, and its
// administrator may create neither roles nor databases.
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { embeddedBinaries, findTimescaleBinaries } from '../../db/local/binaries';
import { type Cluster, startCluster } from '../../db/local/cluster';
import { serverUser } from '../../db/local/system-user';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { execute, select } from '../../db/testing/apply';
import { writeBundle } from '../../infra/azure/machine/bundle';
import { fetchReleaseScript } from '../../infra/azure/machine/fetch-release';
import { CITUS, ROLES } from '../../infra/azure-cluster/logins';
import { IMAGE_FLAVOURS } from '../../infra/core/pins';
import { makeCertificates, noOpenssl } from '../streams/testing/certificates';
import { withColumn } from './testing/edits';
import { type Machine, missingForMachine, type Ran, startMachine } from './testing/machine';
import { prepareReleases, type Releases, SMALL_RELEASE } from './testing/releases';

describeUnless(missingForMachine() ?? noOpenssl, 'the machine in front of a managed database', () => {
  let place: string;
  let server: Cluster;
  let machine: Machine;
  let key = '';
  let releases: Releases;

  beforeAll(async () => {
    place = temporaryFolder();
    releases = prepareReleases(place, fetchReleaseScript());
    const authority = await startService();
    machine = await startMachine({ port: server.port, authority });
    for (const [role, secret] of [
      [CITUS.owner, 'tsdb-owner'],
      [CITUS.app, 'tsdb-app'],
    ])
      await execute(
        server.url,
        `ALTER ROLE ${role} PASSWORD '${machine.azure.secrets.get(secret as string)}'`,
      );
  });
  afterAll(async () => {
    await machine?.stop();
    await server?.stop();
    removeFolder(place);
  });

  /** @returns the file with the authority of its certificate */
  async function startService(): Promise<string> {
    const certificates = join(place, 'certificates');
    mkdirSync(certificates);
    const { caFile, server: pair } = makeCertificates(certificates);
    const user = serverUser();
    const own = (file: string): string => {
      const copy = join(certificates, `server-of-${file.slice(-3)}`);
      copyFileSync(file, copy);
      if (user !== undefined) chownSync(copy, user.uid, user.gid);
      chmodSync(copy, 0o600);
      return copy;
    };
    for (const folder of [place, certificates]) chmodSync(folder, 0o755);
    const found = findTimescaleBinaries(process.env);
    const binaries = found === undefined ? embeddedBinaries() : ({ ...found, flavour: 'postgres' } as const);
    if (binaries === undefined) throw new Error('no server');
    server = await startCluster({
      binaries,
      folder: join(place, 'service'),
      durable: false,
      settings: { ssl: 'on', ssl_cert_file: own(pair.certFile), ssl_key_file: own(pair.keyFile) },
    });
    await execute(
      server.url,
      `CREATE ROLE ${CITUS.owner} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB`,
      `CREATE ROLE ${CITUS.app} LOGIN`,
      `CREATE ROLE ${ROLES.reader} LOGIN`,
      `CREATE DATABASE ${CITUS.name} OWNER ${CITUS.owner}`,
    );
    return caFile;
  }

  function deploy(edit: (text: string) => string = (text) => text): Promise<Ran> {
    const props = {
      ...SMALL_RELEASE,
      image: { ...IMAGE_FLAVOURS.alpine, ...machine.owner },
      schemas: 'iot',
      backups: { enabled: false, keepFull: 1, keepDiff: 1 },
      managed: CITUS,
    };
    const bundle = (programFolder: string, folder: string) =>
      writeBundle({ ...props, programFolder }, folder);
    return releases.deploy(machine, { bundle, edit });
  }

  const current = (script: string) => join(machine.disk, 'current', script);
  const ask = (path: string) => fetch(machine.url + path, { headers: { authorization: `Bearer ${key}` } });
  const columns = async (): Promise<string> => JSON.stringify(await (await ask('/api/tables')).json());
  const inDatabase = <Row extends object>(sql: string): Promise<Row[]> => {
    const address = new URL(server.url);
    address.pathname = `/${CITUS.name}`;
    return select<Row>(address.href, sql);
  };

  it('goes from nothing to an API that is ready, with the schema applied by the administrator', async () => {
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-blue') });
    const owners = await inDatabase(
      `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'service', 'tsdb')`,
    );
    expect(owners).toEqual([{ tableowner: CITUS.owner }]);
    const made = await machine.run(current('tsdb.sh'), 'keys create --name test --role admin'.split(' '));
    key = /^tsdb\S+|^\S{20,}/m.exec(made.output)?.[0] ?? '';
    expect((await ask('/api/sensors')).status).toBe(200);
  });

  it('lets the API log in as its own role, over TLS, and with rights that suffice to write', async () => {
    const written = await fetch(`${machine.url}/api/ingest/sensor_data`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ time: new Date().toISOString(), sensor_id: 'a', temperature: 21.5 }),
    });
    expect(written.status).toBe(200);
    const sessions = await inDatabase<{ usename: string; ssl: boolean }>(
      'SELECT DISTINCT a.usename::text, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()',
    );
    expect(sessions).toEqual([{ usename: CITUS.app, ssl: true }]);
  });

  it('starts no database, makes no login and fetches no secret of either', () => {
    const commands = readFileSync(join(machine.state, 'commands.log'), 'utf8');
    expect(commands).not.toContain('timescaledb"');
    expect(commands).not.toContain('login');
    expect(readdirSync(join(machine.memory, 'secrets')).sort()).toEqual(['app', 'owner']);
    const system = readFileSync(join(machine.state, 'system.log'), 'utf8');
    expect(system).toContain('-A TSDB-STREAMS -p tcp --dport 5432 -j RETURN');
    expect(system).not.toContain('tsdb-backup');
  });

  it('runs the jobs that are due, which nothing else would', async () => {
    const { code, output } = await machine.run(current('jobs.sh'), []);
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/\d jobs run, 0 failed\ntsdb-jobs result=ok\n/),
    });
    const ran = await inDatabase<{ ran: boolean }>(
      'SELECT bool_or(last_finished_at IS NOT NULL) AS ran FROM tsdb.job',
    );
    expect(ran).toEqual([{ ran: true }]);
    const system = readFileSync(join(machine.state, 'system.log'), 'utf8');
    expect(system).toContain('systemctl enable --now tsdb-jobs.timer');
  });

  it('fails with a schema that cannot be applied, and the previous API answers', async () => {
    expect((await deploy(withColumn('noise: float8()'))).code).toBe(0);
    expect(await columns()).toContain('noise');
    const { code, output } = await deploy(withColumn('noise: timestamptz()'));
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(/the schema was not applied.*previous API/s),
    });
    expect(await columns()).toContain('noise');
    expect(existsSync(join(machine.memory, 'secrets.before'))).toBe(false);
  });

  it('comes up again after a boot, and says where its database is', async () => {
    for (const name of ['caddy', 'api-blue', 'api-green']) await machine.docker.kill(name);
    rmSync(machine.memory, { recursive: true });
    const { code, output } = await machine.run(current('start.sh'), []);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect((await ask('/api/sensors')).status).toBe(200);
    const health = await machine.run(current('health.sh'), []);
    expect(health).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^tsdb-health result=ok database=healthy api=healthy .* database_host=c-cosmos\.example\.org\n$/,
      ),
    });
  });

  it('reports that the database is away', async () => {
    await server.stop();
    // The API notices it within the seconds for which it remembers an answer.
    let health: Ran | undefined;
    await waitFor('a health check that fails', async () => {
      health = await machine.run(current('health.sh'), []);
      return health.code !== 0;
    });
    expect(health).toEqual({
      code: 1,
      output: expect.stringMatching(/^tsdb-health result=failed database=unhealthy /),
    });
  });
});

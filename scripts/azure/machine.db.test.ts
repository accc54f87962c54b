// Runs the part of a deployment to Azure that happens on the machine: the run command fetches bundles and rolls them out.
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { select } from '../../db/testing/apply';
import { writeBundle } from '../../infra/azure/machine/bundle';
import { fetchReleaseScript } from '../../infra/azure/machine/fetch-release';
import { CADDY_IMAGE, IMAGE_FLAVOURS, NODE_IMAGE } from '../../infra/core/pins';
import { endAtOnce, withColumn } from './testing/edits';
import { tokenFor } from './testing/fake-azure';
import { filesBelow, type Machine, missingForMachine, type Ran, startMachine } from './testing/machine';
import { type Polling, startPolling } from './testing/polling';
import { prepareReleases, type Releases, SMALL_RELEASE } from './testing/releases';

const missing = missingForMachine();

describeUnless(missing, 'the machine', () => {
  let place: string;
  let made: Releases;
  let machine: Machine;
  let key = '';

  beforeAll(async () => {
    place = temporaryFolder();
    made = prepareReleases(place, fetchReleaseScript());
    machine = await startMachine();
  });
  afterAll(async () => {
    await machine?.stop();
    removeFolder(place);
  });

  /** Deploys a program whose text is edited first. */
  /** Deploys a program whose text is edited first. */
  function deploy(
    edit: (text: string) => string = (text) => text,
    { image = 'timescale/one', hash = '' } = {},
  ): Promise<Ran> {
    const { uid, gid } = machine.owner;
    const props = { ...SMALL_RELEASE, image: { ...IMAGE_FLAVOURS.alpine, image, uid, gid } };
    const bundle = (programFolder: string, folder: string) =>
      writeBundle({ ...props, programFolder }, folder);
    return made.deploy(machine, { bundle, edit, hash });
  }

  const current = (script: string) => join(machine.disk, 'current', script);
  const ask = (path: string) => fetch(machine.url + path, { headers: { authorization: `Bearer ${key}` } });
  const columns = async (): Promise<string> => JSON.stringify(await (await ask('/api/tables')).json());
  const at = (user: string, password = machine.azure.secrets.get(`tsdb-${user}`) ?? '') =>
    `postgres://${user === 'postgres' ? user : `tsdb_${user}`}:${encodeURIComponent(password)}@127.0.0.1:${machine.databasePort}/tsdb`;
  // A test that fails does not end its polling.
  let asking: Polling | undefined;
  const polling = (): Polling => (asking = startPolling(`${machine.url}/api/sensors`, key));
  afterEach(() => asking?.stop());
  const releases = () => readdirSync(join(machine.disk, 'releases'));

  it('is not touched by a bundle that is not the one that was meant', async () => {
    const { code, output } = await deploy(undefined, { hash: 'f'.repeat(64) });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining('nothing was changed') });
    expect(releases()).toEqual([]);
  });

  it('goes from nothing to an API that is ready, with the schema applied by its owner', async () => {
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-blue') });
    expect(await (await ask('/health/ready')).json()).toEqual({ status: 'ready' });
    const owners = await select(
      at('postgres'),
      `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(owners).toEqual([{ tableowner: 'tsdb_owner' }]);
    const made = await machine.run(current('tsdb.sh'), 'keys create --name test --role admin'.split(' '));
    key = /^tsdb\S+|^\S{20,}/m.exec(made.output)?.[0] ?? '';
    expect((await ask('/api/sensors')).status).toBe(200);
  });

  it('takes a release with another schema without one failed request', async () => {
    const asking = polling();
    // As the Caddy of a machine has it, which makes its own certificates.
    const authorities = join(machine.disk, 'caddy', 'data', 'caddy', 'pki', 'authorities', 'local');
    const made = mkdirSync(authorities, { recursive: true }) ?? authorities;
    writeFileSync(join(authorities, 'root.crt'), 'a certificate\n');
    const { code, output } = await deploy(withColumn('noise: float8()'));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-green') });
    // All that is on standard output, which is where Terraform takes it from; the rest is what was said on the other stream.
    expect(output).toMatch(/^a certificate\ntsdb: rolling out /);
    rmSync(made, { recursive: true });
    const { asked, failed } = await asking.stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(10);
    expect(await columns()).toContain('noise');
  });

  it.each([
    [
      'a schema that cannot be applied',
      withColumn('noise: timestamptz()'),
      /the schema was not applied.*previous API/s,
    ],
    ['an API that ends at once', endAtOnce, /did not become healthy/],
  ])('fails with %s, and the previous API answers all the time', async (_what, edit, message) => {
    const asking = polling();
    const { code, output } = await deploy(edit);
    expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(message) });
    expect((await asking.stop()).failed).toEqual([]);
    expect(await columns()).toContain('noise');
    expect(readFileSync(join(machine.disk, 'api-place'), 'utf8')).toBe('api-green\n');
  });

  it.each([
    [
      'another major version of PostgreSQL',
      'timescale/pg99',
      /the database is of PostgreSQL \d+, but .* is 99; .*nothing was changed/,
    ],
    [
      'an image without the library of its TimescaleDB',
      'timescale/forgetful',
      /has no TimescaleDB \d.*nothing was changed/,
    ],
  ])('refuses %s before it touches the database', async (_what, image, message) => {
    const pid = machine.docker.pidOf('timescaledb');
    const { code, output } = await deploy(undefined, { image });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(message) });
    expect(pid).toBeDefined();
    expect(machine.docker.pidOf('timescaledb')).toBe(pid);
  });

  it('takes new passwords of the vault, and forgets the one that was born on the machine', async () => {
    const before = machine.azure.secrets.get('tsdb-app');
    mkdirSync(join(machine.disk, 'secrets'));
    writeFileSync(join(machine.disk, 'secrets', 'postgres-password'), 'born-here\n');
    for (const name of ['postgres', 'owner', 'app', 'monitoring', 'backup'])
      machine.azure.secrets.set(`tsdb-${name}`, `it's ${randomBytes(12).toString('hex')} \\ :x`);
    for (const image of ['timescale/of-no-release', 'timescale/one']) machine.docker.images.add(image);
    const { code, output } = await deploy(withColumn('noise: float8()'));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-blue') });
    const images = [...machine.docker.images];
    expect(images).not.toContain('timescale/of-no-release');
    expect(images).toEqual(expect.arrayContaining(['timescale/one', NODE_IMAGE, CADDY_IMAGE]));
    expect(existsSync(join(machine.disk, 'secrets'))).toBe(false);
    // Seven bundles have been unpacked so far. Three of them are kept.
    expect(releases()).toHaveLength(3);
    expect(releases()).toContain(basename(realpathSync(current('.'))));
    for (const name of ['postgres', 'owner', 'app', 'monitoring', 'backup'])
      expect(await select(at(name), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(select(at('app', before), 'SELECT')).rejects.toThrow('password authentication failed');
    expect((await ask('/api/sensors')).status).toBe(200);
  });

  it('goes back to the previous passwords when the rollout fails', async () => {
    const before = machine.azure.secrets.get('tsdb-app') ?? '';
    machine.azure.secrets.set('tsdb-app', randomBytes(12).toString('hex'));
    const { code, output } = await deploy(endAtOnce);
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining('going back to the previous passwords'),
    });
    expect(await select(at('app', before), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    machine.azure.secrets.set('tsdb-app', before);
  });

  it('comes up again after a boot, with the secrets fetched anew', async () => {
    for (const name of ['caddy', 'api-blue', 'timescaledb']) await machine.docker.kill(name);
    rmSync(machine.memory, { recursive: true });
    machine.azure.expireSecrets(Math.floor(Date.now() / 1000) + 20.5 * 86_400);
    const { code, output } = await machine.run(current('start.sh'), []);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect((await ask('/api/sensors')).status).toBe(200);
    const health = await machine.run(current('health.sh'), []);
    expect(health).toEqual({
      code: 0,
      output: expect.stringMatching(
        /^tsdb-health result=ok .*api=healthy .* passwords_expire_days=20 archive_failures=0 wal_bytes=\d+\n$/,
      ),
    });
  });

  it('uploads a dump that can be restored, and says so in a line for the alerts', async () => {
    const backup = await machine.run(current('backup.sh'), ['dump']);
    expect(backup).toEqual({
      code: 0,
      output: expect.stringMatching(/^tsdb-backup kind=dump result=ok seconds=\d+$/m),
    });
    const dumps = readdirSync(join(machine.disk, 'dumps')).filter((name) => name.startsWith('tsdb-'));
    expect(dumps).toHaveLength(2);
    for (const name of dumps)
      expect(machine.azure.blobs.get(`/dumps/${name}`)).toEqual(
        readFileSync(join(machine.disk, 'dumps', name)),
      );
    const drill = await machine.run(current('restore-drill.sh'), []);
    expect(drill).toEqual({ code: 0, output: expect.stringMatching(/^tsdb-backup kind=drill result=ok$/m) });
  });

  it('closes the metadata endpoint, grows the file system and gives systemd its units', () => {
    const system = readFileSync(join(machine.state, 'system.log'), 'utf8');
    expect(system).toContain('-A TSDB-METADATA -d 169.254.169.254 -j REJECT');
    expect(system).not.toContain('-i tsdb-outside');
    expect(system).toContain(`xfs_growfs -d ${machine.disk}`);
    expect(system).toContain('systemctl enable --now tsdb-backup-dump.timer');
  });

  it('has secrets and tokens in memory only: in no log, no arguments, no file', () => {
    const values = [
      ...machine.secretsEver(),
      tokenFor('https://vault.azure.net'),
      tokenFor('https://storage.azure.com/'),
    ];
    const files = [machine.disk, machine.state].flatMap((folder) => filesBelow(folder));
    expect(files.length).toBeGreaterThan(100);
    const holds = (text: string) => values.some((value) => text.includes(value));
    expect(files.filter((file) => holds(readFileSync(file, 'latin1')))).toEqual([]);
    for (const file of filesBelow(join(machine.memory, 'secrets')))
      expect([file, statSync(file).mode & 0o007]).toEqual([file, 0]);
  });
});

// Runs rollouts of releases with PgBouncer on the machine. The API is a small program that stands for `tsdb serve`: what is tested
// is how the machine starts, replaces and ends the pooler, and that clients get through it.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { writeBundle } from '../../infra/azure/machine/bundle';
import { fetchReleaseScript } from '../../infra/azure/machine/fetch-release';
import { IMAGE_FLAVOURS, POOLER_IMAGE } from '../../infra/core/pins';
import { missingPooler } from '../testing/pooler';
import { endAtOnce, serveSimply } from './testing/edits';
import { filesBelow, type Machine, missingForMachine, type Ran, startMachine } from './testing/machine';
import { startPolling } from './testing/polling';
import { prepareReleases, type Releases, SMALL_RELEASE } from './testing/releases';

describeUnless(missingForMachine() ?? missingPooler(), 'the pooler of the machine', () => {
  let place: string;
  let machine: Machine;
  let releases: Releases;

  beforeAll(async () => {
    place = temporaryFolder();
    releases = prepareReleases(place, fetchReleaseScript());
    machine = await startMachine();
  });
  afterAll(async () => {
    await machine?.stop();
    removeFolder(place);
  });

  /** Deploys a release that differs from the last. */
  function deploy({ edit = serveSimply, hasPooler = true } = {}): Promise<Ran> {
    const { uid, gid } = machine.owner;
    const props = {
      ...SMALL_RELEASE,
      image: { ...IMAGE_FLAVOURS.alpine, image: 'timescale/one', uid, gid },
      ...(hasPooler ? { pooler: { image: POOLER_IMAGE, size: 2 } } : {}),
    };
    const bundle = (programFolder: string, folder: string) =>
      writeBundle({ ...props, programFolder }, folder);
    return releases.deploy(machine, { bundle, edit, isNew: true });
  }

  const current = (script: string) => join(machine.disk, 'current', script);
  const health = () => machine.run(current('health.sh'), []);
  const answer = async () => (await fetch(`${machine.url}/`)).text();
  const running = () =>
    ['pooler-blue', 'pooler-green'].filter((name) => machine.docker.pidOf(name) !== undefined);

  it('starts with a release, before its API', async () => {
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-blue') });
    expect(running()).toEqual(['pooler-blue']);
    expect(await answer()).toBe('tsdb_app\n');
    expect(await health()).toEqual({
      code: 0,
      output: expect.stringMatching(/^tsdb-health result=ok .* pooler=healthy\n$/),
    });
  });

  it('is what the API reaches the database through, and is missed by the health check', async () => {
    await machine.docker.kill('pooler-blue');
    expect((await fetch(`${machine.url}/`)).status).toBe(503);
    expect(await health()).toEqual({
      code: 1,
      output: expect.stringMatching(/result=failed .* pooler=(absent|unhealthy)\n$/),
    });
    expect(await machine.run(current('start.sh'), [])).toMatchObject({ code: 0 });
    expect(await answer()).toBe('tsdb_app\n');
  });

  it('is replaced together with the API, without one failed request', async () => {
    const asking = startPolling(`${machine.url}/`, '');
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-green') });
    const { asked, failed } = await asking.stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(10);
    expect(running()).toEqual(['pooler-green']);
  });

  it('goes away with an API that does not get ready, while the previous API keeps its own', async () => {
    const asking = startPolling(`${machine.url}/`, '');
    expect(await deploy({ edit: endAtOnce })).toEqual({
      code: 1,
      output: expect.stringContaining('did not become healthy'),
    });
    expect((await asking.stop()).failed).toEqual([]);
    expect(running()).toEqual(['pooler-green']);
  });

  it('lets in with a new password of the vault, whatever is in it', async () => {
    for (const name of ['postgres', 'owner', 'app', 'monitoring', 'backup'])
      machine.azure.secrets.set(`tsdb-${name}`, `it's "${randomBytes(12).toString('hex')}" \\ :x`);
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-blue') });
    expect(running()).toEqual(['pooler-blue']);
    expect(await answer()).toBe('tsdb_app\n');
  });

  it('ends with a release that has none', async () => {
    const { code, output } = await deploy({ hasPooler: false });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('serving from api-green') });
    expect(running()).toEqual([]);
    expect(await answer()).toBe('tsdb_app\n');
    expect(await health()).toEqual({ code: 0, output: expect.not.stringContaining('pooler') });
  });

  it('has the password in memory only', () => {
    const files = [machine.disk, machine.state].flatMap((folder) => filesBelow(folder));
    expect(files.length).toBeGreaterThan(100);
    const values = machine.secretsEver();
    expect(values.length).toBeGreaterThan(8);
    const holds = (file: string) => {
      const text = existsSync(file) ? readFileSync(file, 'latin1') : '';
      return values.some((value) => text.includes(value));
    };
    expect(files.filter(holds)).toEqual([]);
  });
});

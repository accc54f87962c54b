// Runs rollouts of a release with a consumer of Kafka on the machine. The consumer is a small program that stands for `tsdb consume`:
// what is tested is how the machine starts, checks, replaces and ends it.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { writeBundle } from '../../infra/azure/machine/bundle';
import { fetchReleaseScript } from '../../infra/azure/machine/fetch-release';
import { consumersOf } from '../../infra/azure/machine-consumers';
import { readConfig } from '../../infra/core/config';
import { IMAGE_FLAVOURS } from '../../infra/core/pins';
import { consumeSimply } from './testing/edits';
import { filesBelow, type Machine, missingForMachine, type Ran, startMachine } from './testing/machine';
import { prepareReleases, type Releases, SMALL_RELEASE } from './testing/releases';

describeUnless(missingForMachine(), 'the consumers of the machine', () => {
  let place: string;
  let machine: Machine;
  let broker: Server;
  let port: number;
  let releases: Releases;

  beforeAll(async () => {
    place = temporaryFolder();
    releases = prepareReleases(place, fetchReleaseScript());
    machine = await startMachine();
    broker = createServer((socket) => socket.destroy());
    await startBroker();
    machine.azure.secrets.set('plant-kafka', 'opensesame');
  });
  afterAll(async () => {
    broker?.close();
    await machine?.stop();
    removeFolder(place);
  });

  async function startBroker(): Promise<void> {
    await new Promise<void>((resolve) => broker.listen(port ?? 0, '127.0.0.1', resolve));
    port = (broker.address() as AddressInfo).port;
  }
  const stopBroker = () => new Promise((resolve) => broker.close(resolve));

  /** Deploys a release that differs from the last, by default with the consumer. */
  function deploy(brokers = `127.0.0.1:${port}`): Promise<Ran> {
    const consumers = consumersOf(
      readConfig({
        TSDB_DEPLOY_KAFKA_BROKERS: brokers,
        ...(brokers === 'none'
          ? {}
          : { TSDB_DEPLOY_KAFKA_SASL: 'scram-sha-256', TSDB_DEPLOY_KAFKA_USERNAME: 'plant' }),
        TSDB_DEPLOY_BROKER_SECRETS: 'kafka-password=plant-kafka',
      }),
    );
    const { uid, gid } = machine.owner;
    const image = { ...IMAGE_FLAVOURS.alpine, image: 'timescale/one', uid, gid };
    const bundle = (programFolder: string, folder: string) =>
      writeBundle({ ...SMALL_RELEASE, image, consumers, programFolder }, folder);
    return releases.deploy(machine, { bundle, edit: consumeSimply, isNew: true });
  }

  const current = (script: string) => join(machine.disk, 'current', script);
  const pid = () => machine.docker.pidOf('consume-kafka');
  const said = () => readFileSync(join(machine.state, 'consume-kafka.log'), 'utf8').trim().split('\n');
  const isServing = async () => (await fetch(`${machine.url}/health/ready`)).ok;
  const health = () => machine.run(current('health.sh'), []);
  const START = 'consumes kafka with passwords of 48 and 10 bytes';

  it('start with a release, with their own secrets', async () => {
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(said()).toEqual([START]);
    expect(await health()).toEqual({
      code: 0,
      output: expect.stringMatching(/^tsdb-health result=ok .* consume-kafka=healthy\n$/),
    });
    const system = readFileSync(join(machine.state, 'system.log'), 'utf8');
    expect(system).toContain(`-A TSDB-STREAMS -p tcp --dport ${port} -j RETURN\n-A TSDB-STREAMS -j REJECT`);
    expect(system).not.toContain('-i tsdb-streams -d 169.254.169.254');
    expect(system).toContain('iptables --wait -I DOCKER-USER 1 -i tsdb-streams -j TSDB-STREAMS');
  });

  it('are replaced by the next release: the old one ends by itself before the new one starts', async () => {
    const before = pid();
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(pid()).not.toBe(before);
    expect(said()).toEqual([START, 'ended as it was asked to', START]);
  });

  it('fail a release while their broker is away, which serves all the same, and go on when it is back', async () => {
    await stopBroker();
    const { code, output } = await deploy();
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /consume-kafka did not become healthy.*this release serves, but not all of its consumers are healthy/s,
      ),
    });
    expect(await isServing()).toBe(true);
    // All the rest of the rollout was done.
    expect(output).toContain('serving from api-blue');
    expect(readdirSync(join(machine.disk, 'releases'))).toHaveLength(3);
    expect(readFileSync(join(machine.disk, 'current', 'program', 'release'), 'utf8')).toBe(
      String(releases.last()),
    );
    expect(await health()).toMatchObject({
      code: 1,
      output: expect.stringContaining('consume-kafka=unhealthy'),
    });
    await startBroker();
    expect(await health()).toMatchObject({ code: 0 });
  });

  it('keep nothing else from starting at boot, neither without their broker nor without their secret', async () => {
    await stopBroker();
    machine.azure.secrets.delete('plant-kafka');
    for (const name of ['consume-kafka', 'caddy', 'api-blue', 'timescaledb']) await machine.docker.kill(name);
    rmSync(machine.memory, { recursive: true });
    expect(await machine.run(current('start.sh'), [])).toEqual({
      code: 0,
      output: expect.stringMatching(/the secret kafka-password cannot be read.*the consumers did not start/s),
    });
    expect(await isServing()).toBe(true);
    expect(await health()).toMatchObject({
      code: 1,
      output: expect.stringContaining('consume-kafka=absent'),
    });
    machine.azure.secrets.set('plant-kafka', 'opensesame2');
    await startBroker();
    expect(await machine.run(current('start.sh'), [])).toMatchObject({ code: 0 });
    // Nothing at boot waits for it.
    const end = Date.now() + 60_000;
    while ((await health()).code !== 0 && Date.now() < end);
    expect(await health()).toMatchObject({ code: 0 });
    expect(said().at(-1)).toBe('consumes kafka with passwords of 48 and 11 bytes');
  });

  it('end with a release that has none', async () => {
    const { code, output } = await deploy('none');
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining('ending consume-kafka, which this release does not have'),
    });
    expect(said().at(-1)).toBe('ended as it was asked to');
    expect(pid()).toBeUndefined();
    expect(await health()).toEqual({ code: 0, output: expect.not.stringContaining('consume') });
  });

  it('leave the secret of their broker in no file but the one in memory', () => {
    const files = [machine.disk, machine.state].flatMap((folder) => filesBelow(folder));
    expect(files.length).toBeGreaterThan(100);
    const holds = (file: string) => /opensesame/.test(readFileSync(file, 'latin1'));
    expect(files.filter(holds)).toEqual([]);
  });
});

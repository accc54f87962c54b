// Runs the pods of the stack with their commands, users and mounts as declared, on a file system that is read-only.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { findTimescaleBinaries } from '../../db/local/binaries';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { waitFor } from '../../db/local/testing/wait';
import { synthesiseKubernetes } from '../../k8s/testing/deployments';
import { builtProgram } from '../testing/built-program';
import type { ThrowAwayProcess } from '../testing/throw-away-process';
import { appImage, databaseImage } from './testing/images';
import { missingForPods, type Node, type Pod, startNode } from './testing/node';
import type { Image } from './testing/pod-root';
import type { Container, PodSpec } from './testing/pod-spec';
import { manifestsIn, podTemplates } from './testing/stack-manifests';

const binaries = findTimescaleBinaries(process.env);
const missing = missingForPods() ?? (binaries === undefined ? 'no TimescaleDB' : undefined);
if (missing === undefined)
  process.stderr.write(`pods run in namespaces of this machine, on PostgreSQL ${binaries?.version}\n`);

const USERS = { database: 70, app: 10_001 };

/** A consumer of a broker that never answers. Set `business` declares its topics. */
const CONSUMING = {
  TSDB_SCHEMAS: 'iot,service,business',
  TSDB_DEPLOY_KAFKA_BROKERS: '127.0.0.1:9',
  TSDB_DEPLOY_KAFKA_TLS: 'false',
};

/** Places that a program might try to write to. */
const TRIED =
  '/ /etc /usr /usr/local/bin /opt /app /home /root /run /var /var/lib /var/tmp /srv /dev /proc/sys/kernel';

describeUnless(missing, 'the pods of the kubernetes stack', () => {
  const manifests = manifestsIn(synthesiseKubernetes(CONSUMING).text);
  const spec = (name: string): PodSpec => {
    const found = podTemplates(manifests).find((one) => one.name.startsWith(name));
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found.template.spec;
  };
  const only = ({ containers: [container, ...others] }: PodSpec): Container => {
    if (container === undefined || others.length > 0) throw new Error('one container was expected');
    return container;
  };
  let place: string;
  let node: Node;
  let app: Image;
  let image: Image;
  let server: Pod;
  let running: ThrowAwayProcess;
  let keeping: ThrowAwayProcess;
  let superuserPassword: string;
  const [database, keeper] = spec('StatefulSet').containers as [Container, Container];
  const api = only(spec('Deployment tsdb-api'));

  beforeAll(async () => {
    const programs = binaries?.binDir ?? '';
    place = temporaryFolder();
    app = appImage(place, builtProgram(join(place, 'built')), programs);
    image = databaseImage(place, programs, USERS.database);
    const secrets = manifests
      .filter(({ secretKeys }) => secretKeys.length > 0)
      .map(({ object, secretKeys }) => [
        object.metadata.name,
        Object.fromEntries(secretKeys.map((key) => [key, randomBytes(20).toString('hex')])),
      ]);
    superuserPassword = String(Object.fromEntries(secrets)['tsdb-superuser']?.password);
    const services = manifests.filter(({ object }) => object.kind === 'Service');
    node = await startNode(
      Object.fromEntries(secrets),
      services.map(({ object }) => object.metadata.name),
    );
    server = node.pod(spec('StatefulSet'));
    running = server.start(database, image);
    keeping = server.start(keeper, image);
  });
  afterAll(async () => {
    await node?.stop();
    removeFolder(place);
  });

  const sql = (text: string): string =>
    server
      .run(database, image, [
        'psql',
        '--no-psqlrc',
        '-Atq',
        '--username=postgres',
        '--dbname=tsdb',
        `--command=${text}`,
      ])
      .output.trim();

  it('the database makes its data and becomes healthy by its own probes', async () => {
    await running.until('it had started', async () => server.probe(database.startupProbe, database, image));
    expect(server.probe(database.readinessProbe, database, image)).toBe(true);
    expect(server.probe(database.livenessProbe, database, image)).toBe(true);
    expect(sql('SHOW data_checksums')).toBe('on');
  });

  it('the Job makes logins and schema, one step after the other', () => {
    const job = spec('Job');
    const pod = node.pod(job);
    for (const container of [...(job.initContainers ?? []), ...job.containers]) {
      const ran = pod.run(container, isOfDatabase(container) ? image : app);
      expect([container.name, ran]).toEqual([container.name, { code: 0, output: expect.any(String) }]);
    }
    expect(sql(`SELECT tableowner FROM pg_tables WHERE tablename = 'sensor_data'`)).toBe('tsdb_owner');
  });

  it('the API becomes ready, logged in as somebody who may do little', async () => {
    const pod = node.pod(spec('Deployment tsdb-api'));
    const serving = pod.start(api, app);
    await serving.until('it was ready', async () => pod.probe(api.readinessProbe, api, app));
    expect(pod.probe(api.livenessProbe, api, app)).toBe(true);
    expect(JSON.parse(node.get('http://127.0.0.1:5000/health/ready').output)).toEqual({ status: 'ready' });
    expect(node.get('http://127.0.0.1:5000/api/sensors')).toMatchObject({ code: 1 });
    // The session of the probe lasts five seconds.
    const logins = await waitFor('a session of the API', () => {
      node.get('http://127.0.0.1:5000/health/ready');
      return (
        sql(`SELECT DISTINCT usename, rolsuper, rolcreaterole, rolcreatedb FROM pg_stat_activity JOIN pg_roles ON rolname = usename
          WHERE backend_type = 'client backend' AND usename <> 'postgres'`) || undefined
      );
    });
    expect(logins).toBe('tsdb_app|f|f|f');
    const key = pod.run(api, app, ['tsdb', 'keys', 'create', '--name', 'first', '--role', 'admin']);
    expect(key).toMatchObject({ code: 0 });
  });

  it('the consumer is alive and says that it is not ready, while its broker is away', async () => {
    const pod = node.pod(spec('Deployment tsdb-kafka-consumer'));
    const container = only(spec('Deployment tsdb-kafka-consumer'));
    const consuming = pod.start(container, app);
    await consuming.until('it was alive', async () => pod.probe(container.startupProbe, container, app));
    expect(pod.probe(container.livenessProbe, container, app)).toBe(true);
    expect(pod.probe(container.readinessProbe, container, app)).toBe(false);
    expect(node.get('http://127.0.0.1:5001/health/ready').output).toContain('not-ready');
    await consuming.stop();
  });

  it('the backup writes a dump that can be read', () => {
    const backup = spec('CronJob tsdb-backup');
    const container = only(backup);
    const pod = node.pod(backup);
    expect(pod.run(container, app)).toMatchObject({ code: 0 });
    const list = pod.run(container, app, ['sh', '-c', 'pg_restore --list /backups/dumps/*.dump']);
    expect(list).toEqual({ code: 0, output: expect.stringContaining('sensor_data') });
  });

  it('the health check finds nothing wrong', () => {
    const health = spec('CronJob tsdb-health');
    expect(node.pod(health).run(only(health), app)).toEqual({
      code: 0,
      output: expect.stringContaining('schema: in sync'),
    });
  });

  const containers = podTemplates(manifests).flatMap(({ name, template }) =>
    [...(template.spec.initContainers ?? []), ...template.spec.containers].map(
      (container) => [`${name}: ${container.name}`, template.spec, container] as const,
    ),
  );
  it.each(containers)(
    '%s is who it should be, and writes to its own mounts only',
    (_name, pod, container) => {
      const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
      const look = `id -u; id -g; sed -n 's/^CapEff:\\t//p; s/^NoNewPrivs:\\t//p' /proc/self/status
for place in ${TRIED} ${mounts.join(' ')}; do if (: >"$place/written") 2>/dev/null; then echo "$place"; fi; done`;
      const ran = node.pod(pod).run(container, isOfDatabase(container) ? image : app, ['sh', '-c', look]);
      const user = isOfDatabase(container) ? USERS.database : USERS.app;
      const writable = mounts.filter((path) => !path.startsWith('/run/secrets/'));
      expect(ran.output.trim().split('\n')).toEqual([
        `${user}`,
        `${user}`,
        '0000000000000000',
        '1',
        ...writable,
      ]);
    },
  );

  describe('the password of the superuser', () => {
    /** Whether the server accepts it, from outside of the database pod. */
    const opens = (password: string): boolean => {
      const script = `PGPASSWORD=${password} psql --no-psqlrc --host=tsdb --command=SELECT`;
      const prepare = spec('Job').initContainers?.[0] as Container;
      return node.pod(spec('Job')).run(prepare, image, ['sh', '-c', script]).code === 0;
    };
    const rotate = (): string => {
      const before = superuserPassword;
      superuserPassword = randomBytes(20).toString('hex');
      node.deliver('tsdb-superuser', { password: superuserPassword });
      return before;
    };
    const prepare = () => {
      const job = spec('Job');
      return node.pod(job).run(job.initContainers?.[0] as Container, image);
    };

    it('is replaced by that of a changed Secret, and the Job waits for that', async () => {
      expect(opens(superuserPassword)).toBe(true);
      const before = rotate();
      // The Job has the new Secret at once.
      expect(prepare()).toMatchObject({ code: 0 });
      expect([opens(before), opens(superuserPassword)]).toEqual([false, true]);
      expect(server.probe(keeper.livenessProbe, keeper, image)).toBe(true);
    });

    it('is the last one of several changes that nobody took over, as the pod was away', async () => {
      await keeping.stop();
      const before = rotate();
      rotate();
      expect([opens(before), opens(superuserPassword)]).toEqual([true, false]);
      keeping = server.start(keeper, image);
      await keeping.until('it was set', async () => opens(superuserPassword));
      expect(opens(before)).toBe(false);
    });

    it('comes back when it was changed in the server only', async () => {
      sql(`ALTER ROLE postgres PASSWORD 'by hand by hand by hand'`);
      expect(opens(superuserPassword)).toBe(false);
      await keeping.until('it was set', async () => opens(superuserPassword));
    });

    it('is not taken from a Secret that is empty', async () => {
      const before = superuserPassword;
      node.deliver('tsdb-superuser', { password: '' });
      await keeping.stop();
      keeping = server.start(keeper, image);
      await keeping.until('it had looked', async () => server.probe(keeper.startupProbe, keeper, image));
      expect([
        opens(before),
        sql(`SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = 'postgres'`),
      ]).toEqual([true, 't']);
      node.deliver('tsdb-superuser', { password: before });
    });
  });

  it('the database writes a checkpoint before it is stopped, and comes back even when it is killed', async () => {
    const before = sql('SELECT count(*) FROM pg_class');
    expect(server.run(database, image, database.lifecycle?.preStop?.exec?.command)).toMatchObject({
      code: 0,
    });
    await running.stop();
    const again = node.pod(spec('StatefulSet'));
    running = again.start(database, image);
    await running.until('it was ready', async () => again.probe(database.readinessProbe, database, image));
    expect(sql('SELECT count(*) FROM pg_class')).toBe(before);
  });
});

/** All other containers run a `tsdb` command of the application. */
function isOfDatabase({ command = [] }: Container): boolean {
  return command[0] !== 'tsdb';
}

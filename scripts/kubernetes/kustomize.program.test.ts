import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import {
  DEPLOYMENTS,
  type Env,
  synthesiseHa,
  synthesiseKafka,
  synthesiseKubernetes,
} from '../../k8s/testing/deployments';
import type { Manifest } from './convert';
import { type Files, kustomizeBase } from './kustomize';
import { manifestsAsYaml } from './manifests';
import { findPrograms } from './testing/programs';
import { manifestsIn } from './testing/stack-manifests';
import { writeBase } from './write-base';

const manifestsFor = (env: Env = {}): readonly Manifest[] => manifestsIn(synthesiseKubernetes(env).text);
const baseOf = (manifests: readonly Manifest[], isProtected = (_address: string) => false): Files =>
  kustomizeBase(manifests, { asYaml: (one) => manifestsAsYaml([one]), isProtected });
const jobIn = (files: Files) =>
  /name: (tsdb-schema-\w+)/.exec(files.get('schema/job-tsdb-schema.yaml') ?? '')?.[1];
const waveOf = (text = '') => /sync-wave: "(-?\d)"/.exec(text)?.[1];

describe('a base for Kustomize', () => {
  const files = baseOf(manifestsFor());

  it('has one file for each object in the folder of its step, and no Secret', () => {
    expect([...files.keys()].filter((file) => /secret/.test(file))).toEqual([]);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        'kustomization.yaml',
        'database/kustomization.yaml',
        'database/namespace-tsdb.yaml',
        'database/statefulset-tsdb.yaml',
        'database/persistentvolumeclaim-tsdb-data.yaml',
        'database/networkpolicy-tsdb-api.yaml',
        'schema/job-tsdb-schema.yaml',
        'api/deployment-tsdb-api.yaml',
        'api/cronjob-tsdb-backup.yaml',
        'api/persistentvolumeclaim-tsdb-backups.yaml',
      ]),
    );
    expect(files.get('kustomization.yaml')).toContain('# Needs the Secret tsdb-superuser with password.\n');
    const objects = [...files].filter(([file]) => !file.endsWith('kustomization.yaml'));
    expect(objects).toHaveLength(manifestsFor().filter(({ object }) => object.kind !== 'Secret').length);
  });

  it('has waves for Argo CD: limits, database, then schema, then what needs it', () => {
    const waves = [
      'database/resourcequota-tsdb',
      'database/statefulset-tsdb',
      'schema/job-tsdb-schema',
      'api/deployment-tsdb-api',
      'api/cronjob-tsdb-health',
    ];
    expect(waves.map((file) => waveOf(files.get(`${file}.yaml`)))).toEqual(['-1', '0', '1', '2', '2']);
    expect(files.get('api/persistentvolumeclaim-tsdb-backups.yaml')).toContain(
      'argocd.argoproj.io/ignore-healthcheck: "true"',
    );
  });

  it('has the consumers and what scales them in the last step', () => {
    const env = DEPLOYMENTS['a Kafka with consumers by lag'] as Env;
    const more = { ...env, TSDB_DEPLOY_MQTT_URL: 'mqtts://broker.example.org' };
    const added = [...baseOf(manifestsFor(more)).keys()].filter((file) => !files.has(file)).sort();
    expect(added).toEqual([
      'api/deployment-tsdb-kafka-consumer.yaml',
      'api/deployment-tsdb-mqtt-consumer-0.yaml',
      'api/poddisruptionbudget-tsdb-kafka-consumer.yaml',
      'api/scaledobject-tsdb-kafka-consumer.yaml',
      'api/serviceaccount-tsdb-kafka-consumer.yaml',
      'api/serviceaccount-tsdb-mqtt-consumer-0.yaml',
      'api/triggerauthentication-tsdb-kafka-consumer.yaml',
      'database/networkpolicy-tsdb-kafka-brokers.yaml',
      'database/networkpolicy-tsdb-kafka-metrics.yaml',
      'database/networkpolicy-tsdb-mqtt-brokers.yaml',
      'database/networkpolicy-tsdb-mqtt-metrics.yaml',
      'database/storageclass-tsdb-dev.yaml',
    ]);
  });

  it('has a Kafka as one step, in the order of its operator', () => {
    const kafka = baseOf(manifestsIn(synthesiseKafka().text));
    const own = [...kafka.keys()].filter((file) => /^database\/kafka(topic|user|nodepool)?-/.test(file));
    // The cluster, its pool, three topics with their letters, and two users.
    expect(own).toHaveLength(1 + 1 + 6 + 2);
    expect(kafka.get('kustomization.yaml')).toContain('  - database\n');
  });

  it('gives a Job another name for every change, but not for another run', () => {
    expect(jobIn(files)).toMatch(/^tsdb-schema-[0-9a-f]{10}$/);
    expect(jobIn(baseOf(manifestsFor()))).toBe(jobIn(files));
    const names = [
      { TSDB_DEPLOY_PULL_SECRET: 'registry' },
      { TSDB_DEPLOY_PASSWORD_VERSION: '2' },
      { TSDB_SCHEMAS: 'iot,metrics' },
      { TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:2' },
    ].map((env) => jobIn(baseOf(manifestsFor(env))));
    expect(new Set([...names.slice(1), jobIn(files)]).size).toBe(4);
  });

  it('keeps what Terraform would not delete', () => {
    const kept = baseOf(manifestsFor(), (address) => address.startsWith('kubernetes_namespace_v1.'));
    const text = kept.get('database/namespace-tsdb.yaml');
    expect(text).toContain('argocd.argoproj.io/sync-options: Prune=false,Delete=false');
    expect(text).toContain('kustomize.toolkit.fluxcd.io/prune: disabled');
    expect(kept.get('database/statefulset-tsdb.yaml')).not.toContain('prune');
  });

  it('leaves the order of its objects to the operator of a replicating database', () => {
    const ha = baseOf(manifestsIn(synthesiseHa(DEPLOYMENTS['a replicating database with backups']).text));
    expect([...new Set([...ha.keys()].map((file) => file.split('/')[0]))]).toEqual([
      'kustomization.yaml',
      'database',
    ]);
  });
});

describe('the folder of a base', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => removeFolder(folder));
  const small = (names: readonly string[]): Files =>
    baseOf(
      names.map((name) => ({
        address: `kubernetes_config_map_v1.${name}`,
        object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
        secretKeys: [],
      })),
    );

  it('loses files of an earlier run that are no longer written, and no other ones', () => {
    writeBase(folder, small(['a', 'b']));
    writeFileSync(join(folder, 'database', 'mine.yaml'), 'kept');
    writeFileSync(join(folder, 'README.md'), 'kept');
    writeBase(folder, small(['b', 'c']));
    expect(readdirSync(join(folder, 'database')).sort()).toEqual([
      'configmap-b.yaml',
      'configmap-c.yaml',
      'kustomization.yaml',
      'mine.yaml',
    ]);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('kept');
  });

  it.each(['kustomization.yaml', 'database/configmap-a.yaml'])(
    'is refused when its %s is from elsewhere',
    (file) => {
      mkdirSync(join(folder, 'database'));
      writeFileSync(join(folder, file), 'resources:\n  - ../other.yaml\n');
      expect(() => writeBase(folder, small(['a']))).toThrow(
        `${file} is there and was not written by this command`,
      );
      expect(readFileSync(join(folder, file), 'utf8')).toContain('other.yaml');
      expect(existsSync(join(folder, 'database', 'kustomization.yaml'))).toBe(false);
    },
  );

  it('never takes files away that a changed list leads to outside of it', () => {
    const outside = join(folder, 'outside.yaml');
    const inside = join(folder, 'base');
    writeBase(inside, small(['a']));
    writeFileSync(outside, 'kept');
    const list = join(inside, 'kustomization.yaml');
    writeFileSync(list, `${readFileSync(list, 'utf8')}  - ../outside.yaml\n`);
    writeBase(inside, small(['b']));
    expect(readFileSync(outside, 'utf8')).toBe('kept');
  });
});

const { programs, told } = findPrograms(['kubectl']);
describeUnless(programs === undefined ? told : undefined, 'kubectl', () => {
  it.each(Object.entries(DEPLOYMENTS))('builds the base of %s', (_what, env) => {
    const folder = temporaryFolder();
    try {
      const files = baseOf(manifestsFor(env));
      writeBase(folder, files);
      for (const path of ['.', 'database', 'schema', 'api']) {
        const { status, stdout, stderr } = spawnSync(
          programs?.kubectl ?? '',
          ['kustomize', join(folder, path)],
          {
            encoding: 'utf8',
          },
        );
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const own = [...files.keys()].filter((file) => path === '.' || file.startsWith(`${path}/`));
        expect(parseAllDocuments(stdout, { version: '1.1' })).toHaveLength(
          own.filter((file) => !file.endsWith('kustomization.yaml')).length,
        );
      }
    } finally {
      removeFolder(folder);
    }
  });
});

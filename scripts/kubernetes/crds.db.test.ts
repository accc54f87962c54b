// Checks objects of external-secrets, the Gateway API, KEDA, StackGres and Strimzi against the definitions of their kinds, on a real API server.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { describeUnless, itUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { terraform, whyNoProviders, withConfiguration } from '../../infra/core/testing/terraform';
import { DEPLOYMENTS, type Env, synthesiseAll } from '../../k8s/testing/deployments';
import { ROOT } from '../testing/command-line';
import type { Manifest } from './convert';
import { manifestsAsYaml } from './manifests';
import { API_SERVER_PROGRAMS, type ApiServer, startApiServer } from './testing/api-server';
import { findPrograms } from './testing/programs';
import { manifestsIn } from './testing/stack-manifests';

const { programs, told } = findPrograms(API_SERVER_PROGRAMS);
const folder = process.env.TSDB_TEST_CRDS ?? '';
const missing =
  programs === undefined
    ? told
    : folder === ''
      ? 'TSDB_TEST_CRDS is not set: a folder with the definitions of ExternalSecret, HTTPRoute, ScaledObject, Kafka and SGShardedCluster'
      : whyNoProviders() || undefined;

const GROUPS = [
  ...['external-secrets.io', 'gateway.networking.k8s.io', 'keda.sh', 'kafka.strimzi.io', 'stackgres.io'],
];
const groupOf = (apiVersion: string): string => apiVersion.split('/')[0] ?? '';
const isOwn = (apiVersion: string): boolean => GROUPS.includes(groupOf(apiVersion));

/** The definitions in the folder, one text for each. */
const definitions = (): readonly string[] =>
  readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => JSON.stringify(document))
    .filter((text) => text.includes('CustomResourceDefinition'));

/** Such as `keda.sh ScaledObject`, in the order of the definitions. */
const defined = (texts: readonly string[]): readonly string[] =>
  texts.map((text) => {
    const { spec } = JSON.parse(text) as { spec: { group: string; names: { kind: string } } };
    return `${spec.group} ${spec.names.kind}`;
  });

/** A stack of a deployment that has objects of these kinds. */
interface Stack {
  readonly what: string;
  readonly text: (kubeConfig: string) => string;
  readonly own: readonly Manifest[];
}

const stacksOf = (env: Env, what: string, index: number): readonly Stack[] => {
  const named = { ...env, TSDB_DEPLOY_NAME: `kinds${index}` };
  return synthesiseAll(named)
    .map(({ text }) => manifestsIn(text).filter(({ object }) => isOwn(object.apiVersion)))
    .map((own, at): Stack => {
      const text = (kubeConfig: string) => textOf({ ...named, TSDB_DEPLOY_KUBE_CONFIG: kubeConfig }, at);
      return {
        what: `${what} (${[...new Set(own.map(({ object }) => object.kind))].join(', ')})`,
        text,
        own,
      };
    })
    .filter(({ own }) => own.length > 0);
};

const STACKS =
  missing === undefined
    ? Object.entries(DEPLOYMENTS).flatMap(([what, env], index) => stacksOf(env, what, index))
    : [];

function textOf(env: Env, at: number): string {
  const stack = synthesiseAll(env)[at];
  if (stack === undefined) throw new Error(`there is no stack ${at}`);
  return stack.text;
}

type Blocks = Record<string, Record<string, Record<string, unknown>>>;

describeUnless(missing, 'the definitions of the kinds', () => {
  const texts = missing === undefined ? definitions() : [];
  const kinds = defined(texts);
  let server: ApiServer;
  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    server = await startApiServer(programs);
    expect(server.kubectl(['apply', '--server-side', '--filename=-'], texts.join('\n'))).toMatchObject({
      status: 0,
    });
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'];
    expect(server.kubectl(established)).toMatchObject({ status: 0 });
    const namespaces = new Set(
      STACKS.flatMap(({ own }) => own.map(({ object }) => object.metadata.namespace)),
    );
    const objects = [...namespaces].map((name) =>
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
    );
    expect(server.kubectl(['create', '--filename=-'], objects.join('\n'))).toMatchObject({ status: 0 });
  });
  afterAll(() => server?.stop());

  for (const { what, text, own } of STACKS) {
    const needed = own.map(({ object }) => `${groupOf(object.apiVersion)} ${object.kind}`);
    const lacking = needed.find((kind) => !kinds.includes(kind));
    const withKinds = itUnless(lacking === undefined ? undefined : `TSDB_TEST_CRDS has no ${lacking}`);

    withKinds(`take every object of ${what}, without a warning`, () => {
      const { stdout, ...rest } = server.kubectl(
        ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'],
        manifestsAsYaml(own),
      );
      expect(rest).toEqual({ status: 0, stderr: '' });
      expect(stdout.trim().split('\n')).toHaveLength(own.length);
    });

    withKinds(`leave nothing for Terraform to change in ${what}`, () => {
      withConfiguration(onlyThese(text(server.kubeConfig)), (place) => {
        expect(terraform(['init'], place)).toEqual({
          status: 0,
          text: expect.stringContaining('initialized'),
        });
        const applied = terraform(['apply', '-auto-approve'], place);
        expect(applied).toEqual({ status: 0, text: expect.stringContaining('Apply complete!') });
        expect(terraform(['plan', '-detailed-exitcode'], place)).toMatchObject({ status: 0 });
      });
    });
  }

  const noStrimzi = kinds.includes('kafka.strimzi.io Kafka') ? undefined : 'TSDB_TEST_CRDS has no Kafka';
  itUnless(noStrimzi)('have the status that the check of a rollout reads', () => {
    const namespace = 'checked';
    const metadata = { name: 'tsdb', namespace };
    const object = { apiVersion: 'kafka.strimzi.io/v1', kind: 'Kafka', metadata, spec: SMALLEST_KAFKA };
    const made = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, object];
    const text = made.map((one) => JSON.stringify(one)).join('\n');
    expect(server.kubectl(['create', '--filename=-'], text)).toMatchObject({ status: 0, stderr: '' });
    const say = (status: object) =>
      expect(
        server.kubectl([
          ...['patch', 'kafka', 'tsdb', `--namespace=${namespace}`, '--subresource=status', '--type=merge'],
          `--patch=${JSON.stringify({ status })}`,
        ]),
      ).toMatchObject({ status: 0, stderr: '' });
    expect(checked(server, namespace)).toMatchObject({
      status: 1,
      text: expect.stringMatching(/not finished/),
    });
    say({
      observedGeneration: 1,
      conditions: [{ type: 'NotReady', status: 'True', reason: 'InvalidResource', message: 'no pool' }],
    });
    expect(checked(server, namespace)).toMatchObject({
      status: 1,
      text: expect.stringContaining('InvalidResource: no pool'),
    });
    say({ observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] });
    expect(checked(server, namespace)).toMatchObject({
      status: 0,
      text: expect.stringContaining('Kafka tsdb: ready'),
    });
  });

  const noStackgres = kinds.includes('stackgres.io SGShardedCluster')
    ? undefined
    : 'TSDB_TEST_CRDS has no SGShardedCluster';
  itUnless(noStackgres)('have the nodes that the check of a rollout counts', () => {
    const namespace = 'counted';
    const spec = {
      database: 'tsdb',
      postgres: { version: '17.9' },
      coordinator: { instances: 1, pods: VOLUME },
      shards: { clusters: 1, instancesPerCluster: 1, pods: VOLUME },
    };
    const made = [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } },
      {
        apiVersion: 'stackgres.io/v1alpha1',
        kind: 'SGShardedCluster',
        metadata: { name: 'tsdb', namespace },
        spec,
      },
      ...['coordinator', 'shard'].map((node) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...{ name: node, namespace },
          labels: { 'timescaledb-as-code/database-node': node, 'app.kubernetes.io/part-of': 'tsdb' },
        },
        spec: { containers: [{ name: 'patroni', image: 'e.org/patroni:1' }] },
      })),
    ];
    const text = made.map((one) => JSON.stringify(one)).join('\n');
    expect(server.kubectl(['create', '--filename=-'], text)).toMatchObject({ status: 0, stderr: '' });
    const target = { kind: 'SGShardedCluster', name: 'tsdb' } as const;
    const say = (what: readonly string[], change: object) =>
      expect(
        server.kubectl([
          ...['patch', ...what, `--namespace=${namespace}`, '--type=merge'],
          `--patch=${JSON.stringify(change)}`,
        ]),
      ).toMatchObject({ status: 0, stderr: '' });
    const isReady = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    say(['pod', 'coordinator', '--subresource=status'], isReady);
    expect(checked(server, namespace, target)).toMatchObject({
      status: 1,
      text: expect.stringContaining(
        '1 of 1 instances of the coordinator ready, 0 of 1 instances of shards ready',
      ),
    });
    say(['pod', 'shard', '--subresource=status'], isReady);
    // The definition has no status of its own: it is a part of the object like any other.
    say(['sgshardedcluster', 'tsdb'], {
      status: {
        conditions: [{ type: 'PendingRestart', status: 'True', reason: 'ShardedClusterRequiresRestart' }],
      },
    });
    expect(checked(server, namespace, target)).toMatchObject({
      status: 1,
      text: expect.stringContaining('some still run with earlier settings'),
    });
    say(['sgshardedcluster', 'tsdb'], {
      status: { conditions: [{ type: 'PendingRestart', status: 'False' }] },
    });
    expect(checked(server, namespace, target)).toMatchObject({
      status: 0,
      text: expect.stringContaining('SGShardedCluster tsdb: 1 of 1 instances'),
    });
  });

  it('refuse what they do not know', () => {
    const [{ own }] = STACKS.filter(({ own: objects }) =>
      objects.every(({ object }) => kinds.includes(`${groupOf(object.apiVersion)} ${object.kind}`)),
    ) as [Stack];
    const [manifest] = own as readonly [Manifest];
    const { object } = manifest;
    const wrong = { ...manifest, object: { ...object, ...{ spec: { unheardOf: true } } } };
    expect(
      server.kubectl(
        ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'],
        manifestsAsYaml([wrong]),
      ),
    ).toMatchObject({ status: 1, stderr: expect.stringContaining('unheardOf') });
  });
});

/** The check as Terraform runs it, which gives up after a second. */
function checked(
  server: ApiServer,
  namespace: string,
  target: { readonly kind: string; readonly name: string } = { kind: 'Kafka', name: 'tsdb' },
) {
  const folder = temporaryFolder();
  const provider = { kubernetes: [{ config_path: server.kubeConfig }] };
  writeFileSync(join(folder, 'cdk.tf.json'), JSON.stringify({ provider }));
  const request = { namespace, targets: [{ ...target, seconds: 60 }] };
  const { PATH, HOME } = process.env;
  const program = [
    '--require',
    join(ROOT, 'scripts/start/register.cjs'),
    join(ROOT, 'scripts/rollout/check.ts'),
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH, HOME, TSDB_ROLLOUT: JSON.stringify(request), TSDB_ROLLOUT_LIMIT: '1' },
  });
  removeFolder(folder);
  return { status, text: `${stdout}${stderr}` };
}

const VOLUME = { persistentVolume: { size: '1Gi' } };

const SMALLEST_KAFKA = {
  kafka: { listeners: [{ name: 'tls', port: 9093, type: 'internal', tls: true }] },
};

/** The objects of these kinds in a stack, with the names that they refer to. No operator runs here, which could be waited for. */
function onlyThese(text: string): string {
  const { provider, terraform, resource, variable } = JSON.parse(text) as Record<string, unknown> & {
    resource: Blocks;
    variable?: Record<string, unknown>;
  };
  const { backend: _backend, ...settings } = terraform as Record<string, unknown>;
  const own = Object.entries(resource.kubernetes_manifest ?? {}).filter(([, { manifest }]) =>
    isOwn((manifest as { apiVersion: string }).apiVersion),
  );
  const inUse = JSON.stringify(own);
  const used = Object.entries(variable ?? {}).filter(([name]) => inUse.includes(`var.${name}}`));
  const free = ([name, { depends_on: _after, ...rest }]: (typeof own)[number]) => [name, rest] as const;
  const nameOf = /^\$\{(kubernetes_\w+_v1)\.(\w+)\.metadata\[0\]\.name\}$/;
  const named = (value: unknown): unknown => {
    const [, type = '', name = ''] = nameOf.exec(String(value)) ?? [];
    const { metadata } = (resource[type]?.[name] ?? {}) as { readonly metadata?: { readonly name: string } };
    return metadata?.name ?? value;
  };
  return JSON.stringify(
    {
      provider,
      ...(used.length === 0 ? {} : { variable: Object.fromEntries(used) }),
      terraform: settings,
      resource: { kubernetes_manifest: Object.fromEntries(own.map(free)) },
    },
    (_key, value) => named(value),
  );
}

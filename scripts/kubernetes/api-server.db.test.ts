// Applies the manifests of the stacks to a real Kubernetes API server that refuses unknown fields and pods with privileges.
import { describeUnless } from '../../db/local/testing/needs';
import { DEPLOYMENTS, type Env, synthesiseAll, synthesiseKubernetes } from '../../k8s/testing/deployments';

import type { Manifest } from './convert';
import { manifestsAsYaml } from './manifests';
import { API_SERVER_PROGRAMS, type ApiServer, startApiServer } from './testing/api-server';
import { findPrograms } from './testing/programs';
import { manifestsIn, podTemplates } from './testing/stack-manifests';

const { programs, told } = findPrograms(API_SERVER_PROGRAMS);
if (programs !== undefined) process.stderr.write(`manifests are tested on: ${told}\n`);

type Template = ReturnType<typeof podTemplates>[number]['template'];

/** Settings by what is special about them. Each has a namespace of its own, as some fields of an object cannot change. */
const STACKS = Object.entries(DEPLOYMENTS).map(([what, env], index): readonly [string, Env] => [
  what,
  { ...env, TSDB_DEPLOY_NAME: `deployment${index}` },
]);

/** Objects for operators are left out, as this server does not know their kinds. */
function manifestsFor(env: Env): readonly Manifest[] {
  return synthesiseAll(env)
    .flatMap(({ text }) => manifestsIn(text))
    .filter(({ address }) => !address.startsWith('kubernetes_manifest.'))
    .map(withValues);
}

const STRICT = ['--validate=strict', '--filename=-'];
const WELL = { status: 0, stderr: '' };

describeUnless(programs === undefined ? told : undefined, 'a Kubernetes API server', () => {
  let server: ApiServer;
  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    server = await startApiServer(programs);
  });
  afterAll(() => server?.stop());

  const apply = (input: string) => server.kubectl(['apply', '--server-side', ...STRICT], input);
  // These are no List, as kubectl has the server validate single objects only.
  const documents = (items: readonly object[]) => items.map((item) => JSON.stringify(item)).join('\n');

  it.each(STACKS)('accepts every manifest of %s, without a warning', (_what, env) => {
    const manifests = manifestsFor(env);
    const { stdout, ...rest } = apply(manifestsAsYaml(manifests));
    expect(rest).toEqual(WELL);
    expect(stdout.trim().split('\n')).toHaveLength(manifests.length);
  });

  it('has made their namespaces restrictive', () => {
    const level = String.raw`jsonpath={.items[*].metadata.labels.pod-security\.kubernetes\.io/enforce}`;
    const { stdout } = server.kubectl(['get', 'namespaces', `--output=${level}`]);
    const made = STACKS.flatMap(([, env]) => manifestsFor(env)).filter(
      ({ object }) => object.kind === 'Namespace',
    );
    expect(made.length).toBeGreaterThan(STACKS.length);
    const declared = made.map(({ object: { metadata } }) => {
      const { labels } = metadata as { readonly labels?: Readonly<Record<string, string>> };
      return labels?.['pod-security.kubernetes.io/enforce'];
    });
    expect(stdout.split(' ').sort()).toEqual([...declared].sort());
    // Only where an operator's pods do not say all that "restricted" demands.
    const sharded = STACKS.filter(([, env]) => env.TSDB_DEPLOY_SHARDED === 'true');
    expect(declared.filter((level) => level !== 'restricted')).toEqual(sharded.map(() => 'baseline'));
  });

  it('admits each of their pods', () => {
    // Not in the namespaces of the stacks: their quotas wait for a controller, and none runs here.
    const namespace = 'admitting';
    const all = STACKS.flatMap(([, env]) => manifestsFor(env));
    const accounts = all.filter(({ object }) => object.kind === 'ServiceAccount');
    const prepared = apply(
      documents([
        restricted(namespace),
        ...accounts.map(({ object }) => account(namespace, object.metadata.name)),
      ]),
    );
    expect(prepared).toMatchObject(WELL);
    const pods = podTemplates(all).map(({ template: { spec } }, index) =>
      pod(namespace, `pod-${index}`, spec),
    );
    expect(pods.length).toBeGreaterThan(3 * STACKS.length);
    const { stdout, ...rest } = create(pods);
    expect(rest).toEqual(WELL);
    expect(stdout.trim().split('\n')).toHaveLength(pods.length);
  });

  describe('refuses', () => {
    const manifests = manifestsIn(synthesiseKubernetes().text);
    const [{ template }] = podTemplates(manifests) as unknown as [{ template: Template }];
    const namespace = 'refusing';
    beforeAll(() =>
      expect(apply(documents([restricted(namespace), account(namespace)]))).toMatchObject(WELL),
    );
    const bad = (edit: (spec: typeof template.spec) => object) =>
      create([
        pod(namespace, 'bad', { ...template.spec, serviceAccountName: 'default', ...edit(template.spec) }),
      ]);

    it.each([
      ['a pod that runs as root', { runAsNonRoot: false, runAsUser: 0 }, /runAsNonRoot != true/],
      ['a pod that any system call is open to', { seccompProfile: { type: 'Unconfined' } }, /seccompProfile/],
    ])('%s', (_what, worse, reason) => {
      const { status, stderr } = bad(({ securityContext }) => ({
        securityContext: { ...securityContext, ...worse },
      }));
      expect(status).toBe(1);
      expect(stderr).toMatch(/violates PodSecurity "restricted:latest"/);
      expect(stderr).toMatch(reason);
    });

    it('a field that it does not know', () => {
      expect(bad(() => ({ serviceAccuontName: 'default' }))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('unknown field "spec.serviceAccuontName"'),
      });
    });

    it('by a warning, a workload whose pods it would refuse', () => {
      const [{ object }] = manifests.filter(({ object: { kind } }) => kind === 'Deployment') as unknown as [
        { object: { metadata: object; spec: { template: { spec: object } } } },
      ];
      const worse = structuredClone(object);
      Object.assign(worse.metadata, { namespace });
      Object.assign(worse.spec.template.spec, { hostNetwork: true });
      expect(create([worse])).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(
          /^Warning: would violate PodSecurity "restricted:latest": host namespaces/,
        ),
      });
    });

    it('not the same pod as it is', () => {
      expect(bad(() => ({}))).toMatchObject(WELL);
    });
  });

  const create = (pods: readonly object[]) =>
    server.kubectl(['create', '--dry-run=server', ...STRICT], documents(pods));
});

/** The server refuses Secrets of some types when they lack their keys. */
function withValues(manifest: Manifest): Manifest {
  const { object, secretKeys } = manifest;
  if (secretKeys.length === 0) return manifest;
  const stringData = Object.fromEntries(secretKeys.map((key) => [key, 'drawn while applying']));
  return { ...manifest, object: { ...object, ...{ stringData } } };
}

const restricted = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name,
    labels: {
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
  },
});

const account = (namespace: string, name = 'default') => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

const pod = (namespace: string, name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec,
});

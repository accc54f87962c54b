// Checks objects of external-secrets and of the Gateway API against the definitions of their kinds, on a real API server.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import { terraform, whyNoProviders, withConfiguration } from '../../infra/core/testing/terraform';
import { DEPLOYMENTS, type Env, synthesiseHa, synthesiseKubernetes } from '../../k8s/testing/deployments';
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
      ? 'TSDB_TEST_CRDS is not set: a folder with the definitions of ExternalSecret and HTTPRoute'
      : whyNoProviders() || undefined;

const GROUPS = ['external-secrets.io/', 'gateway.networking.k8s.io/'];

type Blocks = Record<string, Record<string, Record<string, unknown>>>;

describeUnless(missing, 'the definitions of the kinds', () => {
  let server: ApiServer;
  beforeAll(async () => {
    if (programs === undefined) throw new Error(told);
    server = await startApiServer(programs);
    const files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
    const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n---\n');
    expect(server.kubectl(['apply', '--server-side', '--filename=-'], text)).toMatchObject({ status: 0 });
    const established = ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'];
    expect(server.kubectl(established)).toMatchObject({ status: 0 });
  });
  afterAll(() => server?.stop());

  const stacks = Object.entries(DEPLOYMENTS)
    .filter(([, env]) => env.TSDB_DEPLOY_SECRET_STORE !== undefined)
    .map(([what, env], index): readonly [string, Env] => [
      what,
      { ...env, TSDB_DEPLOY_NAME: `kinds${index}` },
    ]);
  const textsOf = (env: Env): readonly string[] => [
    synthesiseKubernetes(env).text,
    ...(env.TSDB_DEPLOY_HA === 'true' ? [synthesiseHa(env).text] : []),
  ];

  it.each(stacks)('take every object of %s, without a warning', (_what, env) => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: env.TSDB_DEPLOY_NAME } };
    expect(server.kubectl(['create', '--filename=-'], JSON.stringify(namespace))).toMatchObject({
      status: 0,
    });
    const own = textsOf(env)
      .flatMap(manifestsIn)
      .filter(({ object }) => GROUPS.some((group) => object.apiVersion.startsWith(group)));
    expect(own.length).toBeGreaterThan(3);
    const { stdout, ...rest } = server.kubectl(
      ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--filename=-'],
      manifestsAsYaml(own),
    );
    expect(rest).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(own.length);
  });

  it.each(stacks)('leave nothing for Terraform to change in %s', (_what, env) => {
    const named = { ...env, TSDB_DEPLOY_KUBE_CONFIG: server.kubeConfig };
    for (const text of textsOf(named))
      withConfiguration(onlyThese(text), (place) => {
        expect(terraform(['init'], place)).toEqual({ status: 0, text: expect.any(String) });
        const applied = terraform(['apply', '-auto-approve'], place);
        expect(applied).toEqual({ status: 0, text: expect.stringContaining('Apply complete!') });
        expect(terraform(['plan', '-detailed-exitcode'], place)).toMatchObject({ status: 0 });
      });
  });
});

/** A stack with these objects and what they refer to. No operator runs here, whose answer could be waited for. */
function onlyThese(text: string): string {
  const { provider, terraform, resource } = JSON.parse(text) as Record<string, unknown> & {
    resource: Blocks;
  };
  const { backend: _backend, ...settings } = terraform as Record<string, unknown>;
  const service = Object.entries(resource.kubernetes_service_v1 ?? {});
  const own = Object.entries(resource.kubernetes_manifest ?? {}).filter(([, { manifest }]) =>
    GROUPS.some((group) => (manifest as { apiVersion: string }).apiVersion.startsWith(group)),
  );
  const free = ([name, { depends_on: _after, ...rest }]: (typeof own)[number]) => [name, rest] as const;
  // The namespace is there already.
  const name = /^\$\{kubernetes_namespace_v1\.\w+\.metadata\[0\]\.name\}$/;
  const namespace = Object.values(resource.kubernetes_namespace_v1 ?? {})[0] as
    | { readonly metadata: { readonly name: string } }
    | undefined;
  const kept = { kubernetes_service_v1: service.map(free), kubernetes_manifest: own.map(free) };
  return JSON.stringify(
    {
      provider,
      terraform: settings,
      resource: Object.fromEntries(
        Object.entries(kept)
          .filter(([, all]) => all.length > 0)
          .map(([type, all]) => [type, Object.fromEntries(all)]),
      ),
    },
    (_key, value) => (name.test(String(value)) ? namespace?.metadata.name : value),
  );
}

import { addresses } from '../infra/core/testing/synthesise';
import { checksOf } from './testing/checks';
import { DEPLOYMENTS, databaseStackOf, type Env, synthesiseKubernetes } from './testing/deployments';

const WORKLOADS = ['kubernetes_stateful_set_v1', 'kubernetes_job_v1', 'kubernetes_deployment_v1'];
const everyStack = Object.entries(DEPLOYMENTS).flatMap(([what, env]) => [
  [what, synthesiseKubernetes(env)] as const,
  ...databaseStackOf(env).map((stack) => [`${what}, its database`, stack] as const),
]);

describe('the checks of rollouts', () => {
  it.each(everyStack)('wait for every workload, and Terraform for none: %s', (_what, stack) => {
    const workloads = addresses(stack).filter((address) => WORKLOADS.includes(address.split('.')[0] ?? ''));
    const checked = WORKLOADS.flatMap((type) => checksOf(stack, type).map(({ address }) => address));
    expect([...checked].sort()).toEqual(workloads);
    // What the provider gives up waiting for can neither be changed nor destroyed with every Terraform.
    const waiting =
      /"(wait_for_rollout|wait_for_completion|wait_until_bound|wait_for_load_balancer)": true|"wait"/;
    expect(stack.text).not.toMatch(waiting);
    for (const [type, argument] of [
      ['kubernetes_stateful_set_v1', 'wait_for_rollout'],
      ['kubernetes_deployment_v1', 'wait_for_rollout'],
      ['kubernetes_job_v1', 'wait_for_completion'],
      ['kubernetes_persistent_volume_claim_v1', 'wait_until_bound'],
    ] as const)
      for (const attributes of Object.values(stack.resource[type] ?? {}))
        expect(attributes).toMatchObject({ [argument]: false });
  });

  it.each(everyStack)(
    'tell the stages of a deployment what they wait for: %s',
    (_what, { resource, output }) => {
      const inOutput = [...(output.rollout?.value.matchAll(/"kind" = "(\w+)"/g) ?? [])].map(
        ([, kind]) => kind,
      );
      expect(inOutput).toHaveLength(Object.keys(resource.terraform_data ?? {}).length);
    },
  );

  const triggers = (type: string, env: Env = {}) => checksOf(synthesiseKubernetes(env), type)[0]?.triggers;

  it('run again when the workload changes, and only then', () => {
    const database = triggers('kubernetes_stateful_set_v1');
    expect(triggers('kubernetes_stateful_set_v1', { TSDB_DEPLOY_API_REPLICAS: '3' })).toEqual(database);
    const larger = triggers('kubernetes_stateful_set_v1', { TSDB_DEPLOY_DB_MEMORY_MIB: '4096' });
    expect(larger?.declared).not.toBe(database?.declared);
    const replicas = triggers('kubernetes_deployment_v1', { TSDB_DEPLOY_API_REPLICAS: '3' });
    expect(replicas?.declared).not.toBe(triggers('kubernetes_deployment_v1')?.declared);
  });

  it('show the image and identities, which only Terraform knows, and nothing else', () => {
    for (const type of WORKLOADS)
      for (const reference of triggers(type)?.references ?? [])
        expect(reference).toMatch(/^\$\{(var\.app_image|kubernetes_\w+\.[\w-]+\.(id|metadata\[0\]\.uid))\}$/);
    expect(triggers('kubernetes_deployment_v1')?.references).toContain(`\${var.app_image}`);
    expect(triggers('kubernetes_job_v1')?.references).toContain(`\${var.app_image}`);
  });

  it('give the database more time than its startup probe does', () => {
    const [check] = checksOf(synthesiseKubernetes(), 'kubernetes_stateful_set_v1');
    const probe =
      /"startup_probe": \{[^}]*\}[^}]*"failure_threshold": (\d+),[^}]*"period_seconds": (\d+)/.exec(
        synthesiseKubernetes().text.split('"kubernetes_stateful_set_v1"')[1] ?? '',
      );
    expect(check?.seconds).toBeGreaterThan(Number(probe?.[1]) * Number(probe?.[2]));
  });

  it('are found from where Terraform runs, without a path of this machine', () => {
    const [check] = checksOf(synthesiseKubernetes(), 'kubernetes_job_v1');
    expect(check?.command).toMatch(
      /^node --require "\.\.\/.*scripts\/start\/register\.cjs" "\.\.\/.*scripts\/rollout\/check\.ts"$/,
    );
  });
});

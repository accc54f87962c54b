import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { itUnless, titleUnless } from '../db/local/testing/needs';
import { DEPLOYMENTS } from '../k8s/testing/deployments';
import { buildApp } from '../main';
import { synthesiseAzure, TEST_BUNDLE } from './azure/testing/azure-stack';
import { readConfig } from './core/config';
import { SETTINGS } from './core/settings';
import { type SynthesisedStack, synthesiseApp } from './core/testing/synthesise';
import { hasTerraform, terraform, whyNoProviders, withConfiguration } from './core/testing/terraform';
import { validateStacks } from './core/testing/validate';
import { AKS_DEPLOYMENTS, AZURE_DEPLOYMENTS, KUBERNETES_DEPLOYMENTS } from './testing/deployments';

type Deployments = Readonly<Record<string, Readonly<Record<string, string>>>>;

const ALL_DEPLOYMENTS: readonly Deployments[] = [
  AZURE_DEPLOYMENTS,
  AKS_DEPLOYMENTS,
  KUBERNETES_DEPLOYMENTS,
  DEPLOYMENTS,
];

const VARIABLES = {
  ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
  deployer_cidrs: ['198.51.100.7/32'],
  app_image: 'registry.example.org/tsdb:1.2.3',
  kafka_secret: 'ingest',
  kafka_identity: '00000000-1111-2222-3333-444444444444',
  schema_registry_secret: 'registry-login',
  mqtt_secret: 'mqtt-login',
};
const GIVEN = {
  TF_VAR_ssh_public_key: VARIABLES.ssh_public_key,
  TF_VAR_deployer_cidrs: JSON.stringify(VARIABLES.deployer_cidrs),
};
const providersMissing = whyNoProviders();
const withTerraform = itUnless(hasTerraform ? undefined : 'terraform is not on PATH');
const withProviders = providersMissing === '' ? it : it.skip;

/** By a name, every different stack of these deployments. */
function stacksOf(deployments: readonly Deployments[]): Readonly<Record<string, SynthesisedStack>> {
  const named = new Map<string, [string, SynthesisedStack]>();
  for (const [what, env] of deployments.flatMap(Object.entries<Readonly<Record<string, string>>>)) {
    const sources = { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE };
    const stacks = synthesiseApp((outdir) => buildApp(readConfig(env), sources, outdir));
    for (const [id, stack] of Object.entries(stacks))
      if (!named.has(stack.text)) named.set(stack.text, [`${id}: ${what}`, stack]);
  }
  return Object.fromEntries(named.values());
}

describe('the deployments that Terraform validates', () => {
  it('give every setting but the number that has no other value', () => {
    const given = ALL_DEPLOYMENTS.flatMap(Object.values<object>).flatMap(Object.keys);
    const missing = SETTINGS.map(({ name }) => name).filter((name) => !given.includes(name));
    expect(missing).toEqual(['TSDB_DEPLOY_DB_REPLICAS']);
  });
});

describe(titleUnless(providersMissing, 'Terraform validates'), () => {
  let faults: Readonly<Record<string, readonly string[]>>;
  if (providersMissing === '')
    beforeAll(() => {
      faults = validateStacks(stacksOf(ALL_DEPLOYMENTS), VARIABLES, placeBundle);
    }, 600_000);

  withProviders.each([
    'azure',
    'aks',
    'kubernetes',
    'kubernetes-ha',
    'kubernetes-sharded',
    'kubernetes-kafka',
  ])('every stack %s', (id) => {
    const found = Object.entries(faults).filter(([name]) => name.startsWith(`${id}:`));
    expect(found.length).toBeGreaterThan(1);
    expect(found.filter(([, wrong]) => wrong.length > 0)).toEqual([]);
  });

  withProviders('and would find a fault in the one stack that has it', () => {
    const good = synthesiseAzure();
    const document = JSON.parse(good.text);
    Object.assign(Object.values(document.resource.azurerm_managed_disk)[0] as object, { zone: ['1', '2'] });
    const bad = { ...good, text: JSON.stringify(document) };
    const wrong = validateStacks({ good, bad }, VARIABLES, placeBundle);
    expect(wrong).toEqual({ good: [], bad: [expect.stringContaining('zone')] });
  });
});

describe('a required value that is missing', () => {
  // The variables alone need no provider.
  const variables = JSON.stringify({ variable: synthesiseAzure().variable });
  const plan = (given: Record<string, string>) =>
    withConfiguration(variables, (folder) => terraform(['plan'], folder, given));

  withTerraform('fails the plan, without a question', () => {
    const { status, text } = plan({});
    expect(status).toBe(1);
    expect(text).toContain('Set TSDB_DEPLOY_SSH_PUBLIC_KEY to one line');
    expect(text).toContain('Set TSDB_DEPLOY_DEPLOYER_CIDRS to your public IPv4 address');
  });

  withTerraform('may be given as a variable of Terraform', () => {
    expect(plan(GIVEN)).toMatchObject({ status: 0 });
  });

  withTerraform('is checked there, too', () => {
    const { status, text } = plan({ ...GIVEN, TF_VAR_deployer_cidrs: '["198.51.100.6/31"]' });
    expect(status).toBe(1);
    expect(text).toContain('Azure refuses /31');
  });
});

describe('the date of expiry of the passwords', () => {
  const datesOf = (env: Record<string, string>) =>
    JSON.stringify({ resource: { terraform_data: synthesiseAzure(env).resource.terraform_data } });

  withTerraform('stays from run to run, and moves when the passwords are drawn anew', () => {
    withConfiguration(datesOf({}), (folder) => {
      expect(terraform(['init'], folder).status).toBe(0);
      expect(terraform(['apply', '-auto-approve'], folder).status).toBe(0);
      expect(terraform(['plan', '-detailed-exitcode'], folder).status).toBe(0);
      const rotated = datesOf({ TSDB_DEPLOY_PASSWORD_VERSION: '2' });
      withConfiguration(rotated, (other) =>
        copyFileSync(join(other, 'main.tf.json'), join(folder, 'main.tf.json')),
      );
      const { status, text } = terraform(['plan', '-detailed-exitcode'], folder);
      expect(status).toBe(2);
      expect(text).toContain('Plan: 1 to add, 0 to change, 1 to destroy');
    });
  });
});

function placeBundle(stack: SynthesisedStack, folder: string): void {
  for (const { source } of Object.values(stack.resource.azurerm_storage_blob ?? {}) as { source: string }[]) {
    mkdirSync(dirname(join(folder, source)), { recursive: true });
    copyFileSync(TEST_BUNDLE.path, join(folder, source));
  }
}

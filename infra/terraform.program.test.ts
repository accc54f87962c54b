import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { itUnless, titleUnless } from '../db/local/testing/needs';
import { buildApp } from '../main';
import { EVERYTHING, PRIVATE, synthesiseAzure, TEST_BUNDLE } from './azure/testing/azure-stack';
import { readConfig } from './core/config';
import { IMAGE_FLAVOURS } from './core/pins';
import { type SynthesisedStack, synthesiseApp } from './core/testing/synthesise';
import { hasTerraform, terraform, whyNoProviders, withConfiguration } from './core/testing/terraform';

const GIVEN = {
  TF_VAR_ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5',
  TF_VAR_deployer_cidrs: '["198.51.100.7/32"]',
};
const PRIVATE_AKS = {
  TSDB_DEPLOY_AKS_PRIVATE: 'true',
  TSDB_DEPLOY_AKS_DNS_ZONE:
    '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-hub/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io',
};
const providersMissing = whyNoProviders();
const withTerraform = itUnless(hasTerraform ? undefined : 'terraform is not on PATH');
const withProviders = providersMissing === '' ? it : it.skip;

describe(titleUnless(providersMissing, 'Terraform validates'), () => {
  const stacksOf = (env: Record<string, string>) =>
    synthesiseApp((outdir) =>
      buildApp(readConfig(env), { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE }, outdir),
    ) as Record<'aks' | 'kubernetes' | 'kubernetes-ha', SynthesisedStack>;
  const { kubernetes } = stacksOf({});
  const onAks = stacksOf({
    TSDB_DEPLOY_CLUSTER: 'aks',
    TSDB_DEPLOY_HA: 'true',
    TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image,
    TSDB_DEPLOY_HA_BACKUP_URL: 'https://plant.blob.core.windows.net/pg',
  });

  withProviders.each([
    ['the bare azure stack', synthesiseAzure()],
    ['the azure stack of prod', synthesiseAzure({ TSDB_DEPLOY_ENVIRONMENT: 'prod' })],
    ['the azure stack with every part', synthesiseAzure(EVERYTHING)],
    ['the private azure stack', synthesiseAzure(PRIVATE)],
    ['the kubernetes stack', kubernetes],
    ['the aks stack', onAks.aks],
    ['the aks stack of a private cluster', stacksOf({ TSDB_DEPLOY_CLUSTER: 'aks', ...PRIVATE_AKS }).aks],
    ['the kubernetes-ha stack', onAks['kubernetes-ha']],
    ['the kubernetes stack on both', onAks.kubernetes],
  ])('%s', (_what, stack) => {
    const answer = withConfiguration(stack.text, (folder) => {
      placeBundle(stack, folder);
      const prepared = terraform(['init', '-backend=false'], folder);
      return prepared.status === 0 ? terraform(['validate'], folder) : prepared;
    });
    expect(answer).toEqual({ status: 0, text: expect.stringContaining('The configuration is valid') });
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

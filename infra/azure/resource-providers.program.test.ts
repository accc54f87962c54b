import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { TerraformResource, TerraformStack, Testing } from 'cdktf';
import { AksStack } from '../aks/stack';
import { synthesiseCluster } from '../azure-cluster/testing/cluster-stack';
import { readConfig } from '../core/config';
import { AZURE_PARTS } from '../core/settings/azure';
import { type SynthesisedStack, synthesiseStack } from '../core/testing/synthesise';
import { resourceProviders } from './resource-providers';
import { EVENT_HUBS, EVERYTHING, synthesiseAzure } from './testing/azure-stack';

const synthesiseAks = (env: Record<string, string> = {}) =>
  synthesiseStack((app, id) => new AksStack(app, id, { config: readConfig(env) }));

const settingsOf = ({ text }: SynthesisedStack) => JSON.parse(text).provider.azurerm[0];
const registeredBy = (stack: SynthesisedStack) => settingsOf(stack).resource_providers_to_register;

const BARE = ['Microsoft.KeyVault', 'Microsoft.OperationalInsights', 'microsoft.insights'];

// What sets `extended` and `all` of provider azurerm 4.55 contain of these (internal/resourceproviders/required.go). It compares
// them letter by letter with what Azure answers.
const KNOWN_SPELLINGS = [
  'Microsoft.ContainerService',
  'Microsoft.DBforPostgreSQL',
  'Microsoft.EventHub',
  'Microsoft.KeyVault',
  'Microsoft.Maintenance',
  'Microsoft.OperationalInsights',
  'Microsoft.OperationsManagement',
  'Microsoft.PolicyInsights',
  'Microsoft.RecoveryServices',
  'microsoft.insights',
];

describe('the resource providers of a fresh subscription', () => {
  it('are registered as far as the stack uses them', () => {
    expect(settingsOf(synthesiseAzure()).resource_provider_registrations).toBe('core');
    expect(registeredBy(synthesiseAzure())).toEqual(BARE);
    expect(registeredBy(synthesiseAzure(EVERYTHING))).toEqual([
      'Microsoft.Consumption',
      'Microsoft.KeyVault',
      'Microsoft.Maintenance',
      'Microsoft.OperationalInsights',
      'Microsoft.RecoveryServices',
      'microsoft.insights',
    ]);
    expect(registeredBy(synthesiseAks())).toEqual([
      'Microsoft.ContainerService',
      'Microsoft.OperationalInsights',
      'Microsoft.OperationsManagement',
      'Microsoft.PolicyInsights',
      'microsoft.insights',
    ]);
  });

  it.each([
    ['maintenance-window', ['Microsoft.Maintenance']],
    ['recovery-vault', ['Microsoft.RecoveryServices']],
  ])('are more with part %s', (part, more) => {
    const all = registeredBy(synthesiseAzure({ TSDB_DEPLOY_PARTS: part }));
    expect(all).toEqual([...BARE, ...more].sort());
  });

  it('are more with Event Hubs', () => {
    expect(registeredBy(synthesiseAzure(EVENT_HUBS))).toEqual(['Microsoft.EventHub', ...BARE]);
  });

  it('are written as Azure writes them, or Terraform would register nothing', () => {
    const all = [
      synthesiseAzure(EVERYTHING),
      synthesiseAzure(EVENT_HUBS),
      synthesiseCluster(),
      synthesiseAks(),
    ].flatMap(registeredBy);
    // No set of the provider has this one, and the path of its resources is written so.
    const known = [...KNOWN_SPELLINGS, 'Microsoft.Consumption'];
    expect([...new Set(all)].sort()).toEqual(known.sort());
  });

  it('are left alone for an identity that must not register them', () => {
    const env = { TSDB_DEPLOY_REGISTER_PROVIDERS: 'false', TSDB_DEPLOY_PARTS: AZURE_PARTS.join() };
    for (const stack of [synthesiseAzure(env), synthesiseAks(env)]) {
      expect(settingsOf(stack).resource_provider_registrations).toBe('none');
      expect(registeredBy(stack)).toBeUndefined();
    }
  });

  it('are known for every type, or the synthesis fails with the way out', () => {
    const stack = new TerraformStack(Testing.app(), 'stack');
    new ResourceGroup(stack, 'group', { name: 'rg', location: 'westeurope' });
    expect(resourceProviders(stack)).toEqual([]);
    new TerraformResource(stack, 'other', { terraformResourceType: 'azurerm_search_service' });
    expect(() => resourceProviders(stack)).toThrow(/^azurerm_search_service has no resource provider in/);
  });
});

describe('docs/azure.md', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'azure.md'), 'utf8');
  const rights = page.split('### Rights')[1]?.split('### State')[0] ?? '';
  const stacks = [
    synthesiseAzure(EVERYTHING),
    synthesiseAzure(EVENT_HUBS),
    synthesiseCluster(),
    synthesiseAks(),
  ];

  it('names every role that the stacks assign, for the condition', () => {
    const assigned = stacks
      .flatMap(({ resource }) => Object.values(resource.azurerm_role_assignment ?? {}))
      .map((role) => (role as { role_definition_name: string }).role_definition_name);
    const listed = (rights.split('*Constrain roles*')[1] ?? '').split('- **One resource group**')[0] ?? '';
    const named = [...listed.matchAll(/\*([A-Z][\w ]+)\*/g)].map(([, name]) => name);
    expect(named.sort()).toEqual([...new Set(assigned)].sort());
  });

  it('names every resource provider, for who registers them by hand', () => {
    for (const name of stacks.flatMap(registeredBy)) expect(rights).toContain(`\`${name}\``);
  });
});

describe('a resource group that is there', () => {
  const env = { TSDB_DEPLOY_RESOURCE_GROUP: 'existing' };

  it.each([
    ['azure', synthesiseAzure(env), 'rg-tsdb-dev'],
    ['aks', synthesiseAks(env), 'rg-aks-tsdb-dev'],
    [
      'azure-cluster',
      synthesiseCluster({ ...env, TSDB_DEPLOY_AZURE_CLUSTER: 'true' }),
      'rg-cluster-tsdb-dev',
    ],
  ])('is read by stack %s, and not made, changed or destroyed', (_what, stack, name) => {
    expect(stack.resource).not.toHaveProperty('azurerm_resource_group');
    const [group] = Object.values(JSON.parse(stack.text).data.azurerm_resource_group);
    expect(group).toMatchObject({
      name,
      lifecycle: { postcondition: [{ condition: `\${self.location == "westeurope"}` }] },
    });
  });
});

// What a changed declaration does to a cluster that is there, by the word of the real provider.
import { describeUnless } from '../../db/local/testing/needs';
import type { Workspace } from '../azure/testing/azure-workspace';
import { recordDeployment } from '../azure/testing/recorded-state';
import type { Attributes } from '../core/testing/policy';
import type { SynthesisedStack } from '../core/testing/synthesise';
import { whyNoProviders } from '../core/testing/terraform';
import { RESTORED, synthesiseCluster, WANTED } from './testing/cluster-stack';

const CLUSTER =
  '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/serverGroupsv2/cosmos-tsdb-dev';

const below = (kind: string) => (after: Attributes) => ({
  id: `${CLUSTER}/${kind}/${after.name}`,
  cluster_id: CLUSTER,
});

const RECORDING = {
  planned: [
    'azurerm_cosmosdb_postgresql_cluster',
    'azurerm_cosmosdb_postgresql_coordinator_configuration',
    'azurerm_cosmosdb_postgresql_node_configuration',
    'azurerm_cosmosdb_postgresql_role',
  ],
  known: {
    azurerm_cosmosdb_postgresql_cluster: () => ({ id: CLUSTER, servers: [], earliest_restore_time: '' }),
    azurerm_cosmosdb_postgresql_coordinator_configuration: below('coordinatorConfigurations'),
    azurerm_cosmosdb_postgresql_node_configuration: below('nodeConfigurations'),
    azurerm_cosmosdb_postgresql_role: below('roles'),
  },
};

const deployed = synthesiseCluster();

/** The deployed stack with attributes of all resources of a type edited. */
function withEdited(type: string, edit: Attributes): SynthesisedStack {
  const document = JSON.parse(deployed.text);
  for (const one of Object.values(document.resource[type])) Object.assign(one as object, edit);
  return { ...deployed, text: JSON.stringify(document) };
}

describeUnless(whyNoProviders(), 'a plan against a recorded cluster', () => {
  let recorded: Workspace;
  beforeAll(async () => {
    recorded = await recordDeployment(deployed, RECORDING);
  }, 240_000);
  afterAll(() => recorded?.stop());

  const UPDATED = [['cosmosdb_postgresql_cluster', ['update']]];

  it.each<[string, SynthesisedStack, unknown]>([
    ['the same declaration again', deployed, []],
    [
      'more and larger workers, and standbys: changed in place',
      synthesiseCluster({
        ...WANTED,
        TSDB_DEPLOY_AZURE_CLUSTER_WORKERS: '4',
        TSDB_DEPLOY_AZURE_CLUSTER_WORKER_VCORES: '8',
        TSDB_DEPLOY_AZURE_CLUSTER_WORKER_GIB: '1024',
        TSDB_DEPLOY_AZURE_CLUSTER_HA: 'true',
      }),
      UPDATED,
    ],
    [
      'another password of the administrator: changed in place',
      withEdited('azurerm_cosmosdb_postgresql_cluster', { administrator_login_password: 'Another123456789' }),
      UPDATED,
    ],
    [
      'another password of a role: the role is not replaced',
      withEdited('azurerm_cosmosdb_postgresql_role', { password: 'Another123456789' }),
      [],
    ],
    [
      'the settings of a restore alone: the cluster is not replaced',
      withEdited('azurerm_cosmosdb_postgresql_cluster', {
        source_resource_id: CLUSTER,
        source_location: 'westeurope',
        point_in_time_in_utc: '2026-01-31T23:59:00Z',
      }),
      [],
    ],
  ])(
    '%s',
    (_what, stack, changes) => {
      expect(recorded.changesTo(stack)).toEqual(changes);
    },
    120_000,
  );

  it.each<[string, SynthesisedStack]>([
    ['a restore in its place', synthesiseCluster(RESTORED)],
    ['another region', withEdited('azurerm_cosmosdb_postgresql_cluster', { location: 'northeurope' })],
  ])(
    'refuses %s while the old cluster is in the state',
    (_what, stack) => {
      expect(() => recorded.changesTo(stack)).toThrow(/Instance cannot be destroyed/);
    },
    120_000,
  );
});

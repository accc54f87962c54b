// Synthesises the stack azure-cluster alone, with a bundle that only looks like one.
import { TEST_BUNDLE } from '../../azure/testing/azure-stack';
import { readConfig } from '../../core/config';
import { type SynthesisedStack, synthesiseStack } from '../../core/testing/synthesise';
import { AzureClusterStack } from '../stack';

type Env = Readonly<Record<string, string>>;

export const WANTED = { TSDB_DEPLOY_AZURE_CLUSTER: 'true' };

/** The id of a cluster to restore, and the moment. */
export const RESTORED = {
  ...WANTED,
  TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM:
    '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-cluster-tsdb-dev/providers/Microsoft.DBforPostgreSQL/serverGroupsv2/cosmos-tsdb-dev',
  TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_TIME: '2026-01-31T23:59:00Z',
};

/** A cluster that somebody has made. */
export const TAKEN_OVER = {
  ...WANTED,
  TSDB_DEPLOY_AZURE_CLUSTER_EXISTING:
    '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/plant-data/providers/Microsoft.DBforPostgreSQL/serverGroupsv2/readings',
};

/** All parts that the stack has. */
export const ALL_PARTS = {
  ...WANTED,
  TSDB_DEPLOY_PARTS: 'bastion,locks,maintenance-window,nat,private-endpoints',
  TSDB_DEPLOY_MONTHLY_BUDGET: '3000',
  TSDB_DEPLOY_ALERT_EMAIL: 'ops@example.org',
};

const known = new Map<string, SynthesisedStack>();

/** The same settings are synthesised once: many tests look at the same stack. */
export function synthesiseCluster(env: Env = WANTED): SynthesisedStack {
  const key = JSON.stringify(env);
  const stack = known.get(key) ?? synthesiseClusterAgain(env);
  known.set(key, stack);
  return stack;
}

export function synthesiseClusterAgain(env: Env): SynthesisedStack {
  return synthesiseStack(
    (app, id) => new AzureClusterStack(app, id, { config: readConfig(env), bundle: TEST_BUNDLE }),
  );
}

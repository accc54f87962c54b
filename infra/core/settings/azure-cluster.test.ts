import { readConfig } from '../config';
import { faultsOf } from '../testing/faults';

const WANTED = { TSDB_DEPLOY_AZURE_CLUSTER: 'true' };
const ID =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-cluster-plant-prod/providers/Microsoft.DBforPostgreSQL/serverGroupsv2/cosmos-plant-prod';
const FROM = { TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM: ID };
const TIME = { TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_TIME: '2026-01-31T23:59:00Z' };

describe('the settings of the stack azure-cluster', () => {
  it('ask for the smallest cluster of several nodes, and with standbys in prod only', () => {
    const { isHighlyAvailable, ...sizes } = readConfig(WANTED).azureCluster;
    expect(sizes).toMatchObject({ workers: 2, workerVcores: 4, workerGiB: 512, coordinatorVcores: 4 });
    expect(isHighlyAvailable).toBe(false);
    expect(readConfig({ TSDB_DEPLOY_ENVIRONMENT: 'prod' }).azureCluster.isHighlyAvailable).toBe(true);
  });

  it.each([
    [{ TSDB_DEPLOY_AZURE_CLUSTER_WORKERS: '1' }, /from 2 to 20/],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_WORKER_VCORES: '6' }, /one of 4, 8, 16, 32, 64, 96, 104, got "6"/],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_VCORES: '104' }, /one of 4, 8, 16, 32, 64, 96, got "104"/],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_WORKER_GIB: '256' }, /one of 512, .*got "256"/],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_COORDINATOR_GIB: '1e3' }, /one of 128, 256, 512, .*got "1e3"/],
    [{ ...FROM, ...TIME, TSDB_DEPLOY_AZURE_CLUSTER_EXISTING: ID }, /take one of the two away/],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_EXISTING: `${ID}/roles/citus` }, /an id such as/],
    [{ ...FROM }, /set both or neither/],
    [{ ...TIME }, /set both or neither/],
    [{ ...FROM, TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_TIME: '2026-01-31 23:59:00+00' }, /a moment in UTC/],
    [{ ...TIME, TSDB_DEPLOY_AZURE_CLUSTER_RESTORE_FROM: 'cosmos-plant-prod' }, /an id such as/],
    [{ ...WANTED, TSDB_DEPLOY_PARTS: 'customer-keys' }, /cannot keep the promise of part customer-keys/],
  ])('may not be %j', (env, fault) => expect(faultsOf(env)).toEqual([expect.stringMatching(fault)]));

  it.each([
    [{ ...FROM, ...TIME }],
    [{ TSDB_DEPLOY_AZURE_CLUSTER_EXISTING: ID }],
    [{ TSDB_DEPLOY_PARTS: 'customer-keys' }],
  ])('may be %j', (env) => expect(faultsOf(env)).toEqual([]));
});

import { readConfig } from '../core/config';
import { type Attributes, changed, type Resources, violations } from '../core/testing/policy';
import { synthesiseStack } from '../core/testing/synthesise';
import { AksStack } from './stack';
import { BAD, GOOD, PRIVATE } from './testing/policy/fixtures';
import { AKS_POLICY } from './testing/policy/rules';
import { SKIPPED_RULES } from './testing/policy/skipped';

const violationsOf = (resources: Resources) => violations(AKS_POLICY, resources);
const violationsWith = (type: string, change: Attributes) => violationsOf(changed(GOOD, type, change));

describe('the policy of the aks stack', () => {
  it('lets good resources pass', () => {
    expect(violationsWith('azurerm_subnet', {})).toEqual([]);
    expect(violationsWith('azurerm_kubernetes_cluster', PRIVATE)).toEqual([]);
    const variable = { authorized_ip_ranges: `\${var.deployer_cidrs}` };
    expect(violationsWith('azurerm_kubernetes_cluster', { api_server_access_profile: variable })).toEqual([]);
  });

  it.each(BAD)('%s: finds a bad %s %j', (rule, type, change) => {
    expect(violationsWith(type, change)).toEqual([
      expect.stringMatching(new RegExp(`^${rule}.*\\.x(: r)?$`)),
    ]);
  });

  it('has a bad fixture for each rule', () => {
    const untested = AKS_POLICY.filter(({ says }) => !BAD.some(([rule]) => says.startsWith(rule)));
    expect(untested.map(({ says }) => says)).toEqual([]);
  });

  it('covers these rules of public scanners, and skips others with a reason', () => {
    const covered = AKS_POLICY.flatMap(({ ids }) => ids);
    expect(covered).toEqual(
      expect.arrayContaining([
        ...[4, 5, 6, 7, 116, 141, 143, 168, 170, 171, 172, 226, 227, 232].map((id) => `CKV_AZURE_${id}`),
        ...['CKV2_AZURE_29', 'AZU-0040', 'AZU-0041', 'AZU-0042', 'AZU-0043', 'AZU-0066'],
      ]),
    );
    for (const { ids, because } of SKIPPED_RULES) {
      expect(because.length).toBeGreaterThan(30);
      for (const id of ids) expect(covered).not.toContain(id);
    }
  });

  it.each([
    {},
    { TSDB_DEPLOY_ENVIRONMENT: 'prod', TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0' },
    { TSDB_DEPLOY_DEPLOYER_CIDRS: '198.51.100.7/32', TSDB_DEPLOY_PROTECT_DATA: 'false' },
    { TSDB_DEPLOY_AKS_PRIVATE: 'true' },
    { TSDB_DEPLOY_AKS_VERSION: '1.34', TSDB_DEPLOY_AKS_NODES: '6' },
  ])('is kept by the stack: %j', (env) => {
    const { resource } = synthesiseStack((app, id) => new AksStack(app, id, { config: readConfig(env) }));
    expect(violationsOf(resource)).toEqual([]);
  });
});

import { desiredFrom } from '../../db/language/desired';
import { serving } from '../../db/schema/serving';
import { AZURE_POLICY } from '../azure/testing/policy/rules';
import { type Attributes, changed, violations } from '../core/testing/policy';
import { CITUS, ROLES } from './logins';
import { ALL_PARTS, RESTORED, synthesiseCluster, TAKEN_OVER, WANTED } from './testing/cluster-stack';
import { CLUSTER_POLICY, IMPOSSIBLE, OWN_POLICY } from './testing/policy/rules';

const DRAWN = `\${random_password.x.result}`;
const CLUSTER = 'azurerm_cosmosdb_postgresql_cluster';
const ROLE = 'azurerm_cosmosdb_postgresql_role';
const SECRET = 'azurerm_key_vault_secret';

const GOOD: Readonly<Record<string, Attributes>> = {
  [CLUSTER]: {
    coordinator_public_ip_access_enabled: false,
    node_public_ip_access_enabled: false,
    administrator_login_password: DRAWN,
    lifecycle: { ignore_changes: ['point_in_time_in_utc', 'source_location', 'source_resource_id'] },
  },
  [ROLE]: { password: DRAWN, lifecycle: { ignore_changes: ['password'] } },
  [SECRET]: { value_wo: DRAWN, value_wo_version: 1 },
};

const BAD: readonly (readonly [rule: string, type: string, change: Attributes])[] = [
  ['no node of a cluster', CLUSTER, { coordinator_public_ip_access_enabled: true }],
  // Left out, it is true.
  ['no node of a cluster', CLUSTER, { coordinator_public_ip_access_enabled: undefined }],
  ['no node of a cluster', CLUSTER, { node_public_ip_access_enabled: true }],
  ['a cluster is not replaced', CLUSTER, { lifecycle: { ignore_changes: ['source_location'] } }],
  ['a cluster is not replaced', CLUSTER, { lifecycle: undefined }],
  ['the password of an administrator', CLUSTER, { administrator_login_password: 'correct horse' }],
  ['the password of a role', ROLE, { password: 'correct horse' }],
  ['the password of a role', ROLE, { lifecycle: {} }],
  ['what the vault is given', SECRET, { value: DRAWN }],
  ['what the vault is given', SECRET, { value_wo: 'correct horse' }],
  ['what the vault is given', SECRET, { value_wo_version: undefined }],
];

describe('the policy of the stack azure-cluster', () => {
  it.each(BAD)('%s: finds a bad %s %j', (rule, type, change) => {
    expect(violations(OWN_POLICY, changed(GOOD, type, change))).toEqual([
      expect.stringMatching(new RegExp(`^${rule}.*\\.x$`)),
    ]);
  });

  it('lets good resources pass, and has a bad fixture for each rule', () => {
    expect(violations(OWN_POLICY, changed(GOOD, ROLE, {}))).toEqual([]);
    const untested = OWN_POLICY.filter(({ says }) => !BAD.some(([rule]) => says.startsWith(rule)));
    expect(untested.map(({ says }) => says)).toEqual([]);
  });

  it('is that of the azure stack, but for one rule', () => {
    const kept = CLUSTER_POLICY.map(({ says }) => says);
    const without = AZURE_POLICY.map(({ says }) => says).filter((says) => !kept.includes(says));
    expect(without).toEqual([IMPOSSIBLE]);
  });

  it.each([
    ['the machine', {}, 0],
    ['the whole network', { source_address_prefixes: ['10.20.0.0/16'] }, 1],
    ['somebody else as well', { source_address_prefixes: ['10.20.1.0/24', '203.0.113.0/24'] }, 1],
    ['the machine, to any port', { destination_port_range: '*' }, 1],
    ['the machine, to anywhere', { destination_address_prefix: '*' }, 1],
  ])('lets only the machine reach the database port: %s', (_who, change, faults) => {
    const rule = {
      ...{ name: 'allow-postgres', direction: 'Inbound', access: 'Allow', protocol: 'Tcp', priority: 120 },
      source_address_prefixes: ['10.20.1.0/24'],
      destination_address_prefix: '10.20.2.0/24',
      destination_port_range: '5432',
      ...change,
    };
    const deny = {
      ...{ name: 'deny-the-rest', direction: 'Inbound', access: 'Deny', protocol: '*', priority: 4096 },
      ...{ source_address_prefix: '*', destination_address_prefix: '*', destination_port_range: '*' },
    };
    const resources = { azurerm_network_security_group: { x: { security_rule: [rule, deny] } } };
    expect(violations(CLUSTER_POLICY, resources)).toHaveLength(faults);
  });

  it.each([
    WANTED,
    { ...WANTED, TSDB_DEPLOY_ENVIRONMENT: 'prod' },
    RESTORED,
    TAKEN_OVER,
    ALL_PARTS,
    { ...ALL_PARTS, TSDB_DEPLOY_EXPOSURE: 'private', TSDB_DEPLOY_PROTECT_DATA: 'false' },
  ])('is kept: %j', (env) => {
    expect(violations(CLUSTER_POLICY, synthesiseCluster(env).resource)).toEqual([]);
  });
});

describe('the roles', () => {
  it('are those of set serving, which only grants', () => {
    const made = Object.values(synthesiseCluster().resource.azurerm_cosmosdb_postgresql_role ?? {});
    expect(made.map((role) => (role as { name: string }).name)).toEqual(Object.values(ROLES));
    const { roles } = desiredFrom([serving]);
    expect(roles.map(({ name }) => name).sort()).toEqual(Object.values(ROLES).sort());
    expect(roles.find(({ name }) => name === CITUS.app)?.access).toBe('serve');
  });
});

// What the stack azure-cluster keeps: the rules of the azure stack, but for the one that its provider makes impossible, and its own.
import { AZURE_POLICY } from '../../../azure/testing/policy/rules';
import {
  type Attributes,
  blocks,
  eachMust,
  type PolicyRule,
  type Resources,
} from '../../../core/testing/policy';

const CLUSTER = 'azurerm_cosmosdb_postgresql_cluster';
const ROLE = 'azurerm_cosmosdb_postgresql_role';
const SECRET = 'azurerm_key_vault_secret';

/** Provider azurerm 4.55 takes the passwords of a cluster only where the state keeps them. */
export const IMPOSSIBLE = 'no secret gets into state or plan: it is drawn while applying and only written';

const isDrawn = (value: unknown): boolean => /^\$\{random_password\.\w+\.result\}$/.test(String(value));

export const OWN_POLICY: readonly PolicyRule[] = [
  eachMust(
    CLUSTER,
    [],
    'no node of a cluster has a public address',
    ({ coordinator_public_ip_access_enabled, node_public_ip_access_enabled }) =>
      coordinator_public_ip_access_enabled === false && node_public_ip_access_enabled === false,
  ),
  eachMust(CLUSTER, [], 'a cluster is not replaced because of how it began', ({ lifecycle }) =>
    ['point_in_time_in_utc', 'source_location', 'source_resource_id'].every((name) =>
      (lifecycle as { ignore_changes?: readonly string[] } | undefined)?.ignore_changes?.includes(name),
    ),
  ),
  eachMust(CLUSTER, [], 'the password of an administrator is drawn by Terraform', (cluster) =>
    isDrawn(cluster.administrator_login_password),
  ),
  eachMust(
    ROLE,
    [],
    'the password of a role is drawn once, and its change does not replace the role',
    ({ password, lifecycle }) =>
      isDrawn(password) &&
      (lifecycle as { ignore_changes?: readonly string[] } | undefined)?.ignore_changes?.includes(
        'password',
      ) === true,
  ),
  eachMust(
    SECRET,
    [],
    'what the vault is given is drawn by Terraform, and only written',
    (secret) =>
      secret.value === undefined && isDrawn(secret.value_wo) && Number.isInteger(secret.value_wo_version),
  ),
];

/** The rules of the azure stack do not see the one way to the cluster, and still find every other to a database port. */
export const CLUSTER_POLICY: readonly PolicyRule[] = [
  ...AZURE_POLICY.filter(({ says }) => says !== IMPOSSIBLE).map((rule) => ({
    ...rule,
    find: (resources: Resources) => rule.find(withoutWayToCluster(resources)),
  })),
  ...OWN_POLICY,
];

const GROUP = 'azurerm_network_security_group';

function withoutWayToCluster(resources: Resources): Resources {
  const groups = Object.entries(resources[GROUP] ?? {}).map(([name, group]) => [
    name,
    {
      ...(group as Attributes),
      security_rule: blocks(group as Attributes, 'security_rule').filter((rule) => !isWayToCluster(rule)),
    },
  ]);
  return { ...resources, [GROUP]: Object.fromEntries(groups) };
}

/** From the subnet of the machine to that of the endpoints, and only to the port of the database. */
function isWayToCluster({
  name,
  source_address_prefixes: from,
  destination_address_prefix: to,
  destination_port_range: port,
}: Attributes): boolean {
  const [source, ...others] = (from ?? []) as readonly string[];
  const network = /^(\d+\.\d+)\.1\.0\/24$/.exec(source ?? '')?.[1];
  return name === 'allow-postgres' && others.length === 0 && to === `${network}.2.0/24` && port === '5432';
}

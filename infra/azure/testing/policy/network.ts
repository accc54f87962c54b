// Rules about what gets in from the network.
import { DATABASE } from '../../../core/names';
import {
  type Attributes,
  allOf,
  blocks,
  eachMust,
  type PolicyRule,
  type Resources,
  ruleForEach,
} from '../../../core/testing/policy';

const GROUP = 'azurerm_network_security_group';

export const NETWORK_POLICY: readonly PolicyRule[] = [
  noInbound(
    [],
    'no rule lets TCP reach the database port, be it by range, by `*` or by a reference that could become it',
    (rule) => isTcp(rule) && reaches(rule, DATABASE.port),
  ),
  noInbound(
    ['CKV_AZURE_9', 'CKV_AZURE_10', 'CKV_AZURE_160', 'AZU-0047', 'AZU-0048', 'AZU-0050', 'AZU-0074'],
    'nothing but HTTPS is open to the whole internet, and that only where an operator says so',
    (rule) => isTcp(rule) && isFromAnywhere(rule) && !isHttpsOnly(rule),
  ),
  noInbound(
    ['CKV_AZURE_77'],
    'no UDP comes in from the whole internet',
    (rule) => (is(rule.protocol, 'udp') || is(rule.protocol, '*')) && isFromAnywhere(rule),
  ),
  eachMust(GROUP, [], 'each security group ends by denying all that no earlier rule allowed', (group) =>
    endsInDenial(blocks(group, 'security_rule')),
  ),
  eachMust(
    'azurerm_network_interface',
    ['CKV_AZURE_118', 'AZU-0075'],
    'no interface forwards packets',
    ({ ip_forwarding_enabled }) => ip_forwarding_enabled !== true,
  ),
  {
    ids: ['CKV2_AZURE_31'],
    says: 'each subnet has a security group; the one of Azure Bastion is guarded by Azure',
    find: unguardedSubnets,
  },
];

/** A rule about the security rules that let traffic in: none of them may be bad. */
function noInbound(ids: readonly string[], says: string, isBad: (rule: Attributes) => boolean): PolicyRule {
  return ruleForEach(inboundRules)(ids, says, (rule) => !isBad(rule));
}

function inboundRules(resources: Resources): readonly (readonly [string, Attributes])[] {
  const inline = allOf(resources, GROUP).flatMap(([address, group]) =>
    blocks(group, 'security_rule').map((rule) => [`${address}: ${String(rule.name)}`, rule] as const),
  );
  return [...inline, ...allOf(resources, 'azurerm_network_security_rule')].filter(
    ([, rule]) => is(rule.direction, 'inbound') && is(rule.access, 'allow'),
  );
}

function isTcp({ protocol }: Attributes): boolean {
  return is(protocol, '*') || is(protocol, 'tcp');
}

function isFromAnywhere(rule: Attributes): boolean {
  const anywhere = ['*', '0.0.0.0/0', '::/0', '0.0.0.0', 'any', 'internet'];
  return textsOf(rule, 'source_address_prefix').some((source) => anywhere.includes(source.toLowerCase()));
}

function isHttpsOnly(rule: Attributes): boolean {
  const ports = textsOf(rule, 'destination_port_range');
  return is(rule.protocol, 'tcp') && ports.length > 0 && ports.every((range) => range === '443');
}

function reaches(rule: Attributes, port: number): boolean {
  return textsOf(rule, 'destination_port_range').some((ports) => covers(ports, port));
}

function covers(ports: string, port: number): boolean {
  if (ports.trim() === '*') return true;
  const [from = Number.NaN, to = from] = ports.split('-').map(Number);
  // What is not a number may be a template: nobody can tell which port that becomes, so it counts as open.
  if (Number.isNaN(from) || Number.isNaN(to)) return true;
  return from <= port && port <= to;
}

function endsInDenial(rules: readonly Attributes[]): boolean {
  const inbound = rules.filter((rule) => is(rule.direction, 'inbound'));
  const last = inbound.reduce<Attributes | undefined>(
    (a, b) => (Number(a?.priority ?? 0) > Number(b.priority ?? 0) ? a : b),
    undefined,
  );
  return (
    is(last?.access, 'deny') &&
    is(last?.protocol, '*') &&
    last?.source_address_prefix === '*' &&
    last.destination_port_range === '*'
  );
}

function unguardedSubnets(resources: Resources): readonly string[] {
  const guarded = allOf(resources, 'azurerm_subnet_network_security_group_association').map(
    ([, { subnet_id }]) => String(subnet_id),
  );
  return allOf(resources, 'azurerm_subnet')
    .filter(([address, { name }]) => name !== 'AzureBastionSubnet' && !guarded.includes(`\${${address}.id}`))
    .map(([address]) => address);
}

/** The values of an attribute and of its plural. */
function textsOf(rule: Attributes, name: string): readonly string[] {
  const [single, many] = [rule[name], rule[`${name}${name.endsWith('prefix') ? 'es' : 's'}`]];
  return [...(typeof single === 'string' ? [single] : []), ...(Array.isArray(many) ? many.map(String) : [])];
}

function is(value: unknown, expected: string): boolean {
  return typeof value === 'string' && value.toLowerCase() === expected;
}

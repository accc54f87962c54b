// Rules that no synthesised Azure stack may break. They read the Terraform JSON, which is what gets deployed.

import { DATABASE } from './names';

interface Rule {
  readonly name?: string;
  readonly direction?: string;
  readonly access?: string;
  readonly protocol?: string;
  readonly priority?: number;
  readonly source_address_prefix?: string | null;
  readonly destination_port_range?: string | null;
  readonly destination_port_ranges?: readonly string[] | null;
}

/** The `resource` part of one stack's Terraform JSON: type -> name -> attributes. */
export type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Names of the inbound rules that let TCP traffic reach the database port, be it by range or by `*`. */
export function openDatabasePorts(resources: Resources): readonly string[] {
  return allRules(resources)
    .filter((rule) => is(rule.direction, 'inbound') && is(rule.access, 'allow'))
    .filter((rule) => is(rule.protocol, '*') || is(rule.protocol, 'tcp'))
    .filter((rule) => portsOf(rule).some((ports) => covers(ports, DATABASE.port)))
    .map((rule) => rule.name ?? '(unnamed rule)');
}

/** Names of the security groups that do not end in a rule which denies all that no earlier rule allowed. */
export function openEndedGroups(resources: Resources): readonly string[] {
  return Object.entries(resources[GROUP] ?? {})
    .filter(([, group]) => !endsInDenial(inlineRules(group)))
    .map(([name]) => name);
}

const GROUP = 'azurerm_network_security_group';

function allRules(resources: Resources): readonly Rule[] {
  const inline = Object.values(resources[GROUP] ?? {}).flatMap(inlineRules);
  return [...inline, ...(Object.values(resources.azurerm_network_security_rule ?? {}) as Rule[])];
}

function inlineRules(group: unknown): readonly Rule[] {
  return (group as { readonly security_rule?: readonly Rule[] }).security_rule ?? [];
}

function endsInDenial(rules: readonly Rule[]): boolean {
  const inbound = rules.filter((rule) => is(rule.direction, 'inbound'));
  const last = inbound.reduce<Rule | undefined>(
    (a, b) => ((a?.priority ?? 0) > (b.priority ?? 0) ? a : b),
    undefined,
  );
  return (
    is(last?.access, 'deny') &&
    is(last?.protocol, '*') &&
    last?.source_address_prefix === '*' &&
    last.destination_port_range === '*'
  );
}

function portsOf(rule: Rule): readonly string[] {
  const single = rule.destination_port_range;
  return [...(typeof single === 'string' ? [single] : []), ...(rule.destination_port_ranges ?? [])];
}

function covers(ports: string, port: number): boolean {
  if (ports.trim() === '*') return true;
  const [from = Number.NaN, to = from] = ports.split('-').map(Number);
  // What is not a number may be a template: nobody can tell which port that becomes, so it counts as open.
  if (Number.isNaN(from) || Number.isNaN(to)) return true;
  return from <= port && port <= to;
}

function is(value: string | undefined, expected: string): boolean {
  return value?.toLowerCase() === expected;
}

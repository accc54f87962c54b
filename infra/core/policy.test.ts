import { openDatabasePorts, openEndedGroups } from './policy';

const ALLOW = { name: 'r', direction: 'Inbound', access: 'Allow', protocol: 'Tcp', priority: 100 };
const DENY_ALL = {
  name: 'd',
  direction: 'Inbound',
  access: 'Deny',
  protocol: '*',
  priority: 4096,
  source_address_prefix: '*',
  destination_port_range: '*',
};

function group(...rules: readonly object[]) {
  return { azurerm_network_security_group: { g: { security_rule: rules } } };
}

describe('openDatabasePorts', () => {
  it.each([
    ['the port itself', { ...ALLOW, destination_port_range: '5432' }],
    ['a range around it', { ...ALLOW, destination_port_range: '5000-6000' }],
    ['a range that ends there', { ...ALLOW, destination_port_range: '1024-5432' }],
    ['all ports', { ...ALLOW, destination_port_range: '*' }],
    ['a list with it', { ...ALLOW, destination_port_ranges: ['443', '5400-5500'] }],
    ['all protocols', { ...ALLOW, protocol: '*', destination_port_range: '5432' }],
    [
      'lower case',
      { ...ALLOW, direction: 'inbound', access: 'allow', protocol: 'tcp', destination_port_range: '5432' },
    ],
    ['a reference that could become it', { ...ALLOW, destination_port_range: `\${var.port}` }],
  ])('finds %s', (_what, rule) => {
    expect(openDatabasePorts(group(DENY_ALL, rule))).toEqual(['r']);
  });

  it('finds rules that stand alone', () => {
    expect(
      openDatabasePorts({
        azurerm_network_security_rule: { x: { ...ALLOW, destination_port_range: '5432' } },
      }),
    ).toEqual(['r']);
  });

  it.each([
    ['another port', { ...ALLOW, destination_port_range: '443' }],
    ['a range beside it', { ...ALLOW, destination_port_range: '5433-6000' }],
    ['a denial', { ...ALLOW, access: 'Deny', destination_port_range: '*' }],
    ['traffic that leaves', { ...ALLOW, direction: 'Outbound', destination_port_range: '*' }],
    ['UDP', { ...ALLOW, protocol: 'Udp', destination_port_range: '5432' }],
  ])('lets %s pass', (_what, rule) => {
    expect(openDatabasePorts(group(rule))).toEqual([]);
  });
});

describe('openEndedGroups', () => {
  it('lets a group pass whose last rule denies everything', () => {
    expect(openEndedGroups(group(ALLOW, DENY_ALL))).toEqual([]);
  });

  it.each([
    ['no rules', []],
    ['no denial', [ALLOW]],
    ['a denial that is not the last', [{ ...DENY_ALL, priority: 50 }, ALLOW]],
    ['a denial for one protocol', [{ ...DENY_ALL, protocol: 'Tcp' }]],
    ['a denial for some sources', [{ ...DENY_ALL, source_address_prefix: 'Internet' }]],
  ])('finds a group with %s', (_what, rules) => {
    expect(openEndedGroups(group(...rules))).toEqual(['g']);
  });
});

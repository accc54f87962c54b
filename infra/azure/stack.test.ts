import { readConfig } from '../core/config';
import { openDatabasePorts, openEndedGroups } from '../core/policy';
import { addresses, onlyResource, synthesiseStack } from '../core/testing/synthesise';
import { AzureStack } from './stack';

const OPEN = {
  TSDB_DEPLOY_SSH_CIDRS: '198.51.100.0/24',
  TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
};

function synthesise(env: Record<string, string> = {}) {
  return synthesiseStack((app, id) => new AzureStack(app, id, { config: readConfig(env) }));
}

function openings(env: Record<string, string>) {
  const { security_rule } = onlyResource(synthesise(env), 'azurerm_network_security_group');
  return (
    security_rule as {
      name: string;
      destination_port_range: string;
      source_address_prefixes: string[];
    }[]
  )
    .filter(({ name }) => name.startsWith('allow-'))
    .map((rule) => [rule.destination_port_range, rule.source_address_prefixes]);
}

describe('the azure stack', () => {
  it('keeps its Terraform addresses', () => {
    expect(addresses(synthesise())).toMatchInlineSnapshot(`
      [
        "azurerm_linux_virtual_machine.database_machine_57DEC0DF",
        "azurerm_managed_disk.data_disk_0176EF1A",
        "azurerm_network_interface.network_interface_C1CD7D11",
        "azurerm_network_security_group.network_rules_3232D771",
        "azurerm_public_ip.network_address_9CA4EAAD",
        "azurerm_resource_group.group",
        "azurerm_subnet.network_subnet_E45498CD",
        "azurerm_subnet_network_security_group_association.network_rules-on-subnet_236D46FF",
        "azurerm_virtual_machine_data_disk_attachment.data_attachment_52DFB729",
        "azurerm_virtual_network.network_C8AC2FB3",
      ]
    `);
  });

  it.each([{}, OPEN])('opens no way to the database port and denies what it does not allow: %j', (env) => {
    const { resource } = synthesise(env);
    expect(openDatabasePorts(resource)).toEqual([]);
    expect(openEndedGroups(resource)).toEqual([]);
  });

  it('opens 443 and 22 only to the networks that are named', () => {
    expect(openings({})).toEqual([]);
    expect(openings({ TSDB_DEPLOY_API_CIDRS: '203.0.113.0/24' })).toEqual([['443', ['203.0.113.0/24']]]);
    expect(openings(OPEN)).toEqual([
      ['443', ['0.0.0.0/0']],
      ['22', ['198.51.100.0/24']],
    ]);
  });

  it('has no implicit way out of the subnet', () => {
    expect(onlyResource(synthesise(), 'azurerm_subnet').default_outbound_access_enabled).toBe(false);
  });

  it('brings the rules into force before the machine gets an interface', () => {
    const [rules] = addresses(synthesise()).filter((address) =>
      address.startsWith('azurerm_subnet_network_security_group_association.'),
    );
    expect(onlyResource(synthesise(), 'azurerm_network_interface').depends_on).toEqual([rules]);
  });

  it('protects the data disk unless told otherwise', () => {
    const protection = (env: Record<string, string>) =>
      onlyResource(synthesise(env), 'azurerm_managed_disk').lifecycle;
    expect(protection({})).toEqual({ prevent_destroy: true });
    expect(protection({ TSDB_DEPLOY_PROTECT_DATA: 'false' })).toEqual({
      prevent_destroy: false,
    });
  });

  it('attaches the disk where the boot script looks for it, without host cache', () => {
    expect(onlyResource(synthesise(), 'azurerm_virtual_machine_data_disk_attachment')).toMatchObject({
      lun: 10,
      caching: 'None',
    });
  });

  it('lets the machine in by key only and does not replace it for a new image or an edited boot file', () => {
    const machine = onlyResource(synthesise(), 'azurerm_linux_virtual_machine');
    expect(machine).toMatchObject({
      disable_password_authentication: true,
      admin_ssh_key: [{ username: 'ops', public_key: `\${var.ssh_public_key}` }],
      identity: { type: 'SystemAssigned' },
      lifecycle: { ignore_changes: ['custom_data', 'source_image_reference'] },
    });
    expect(machine).not.toHaveProperty('admin_password');
  });

  it('tags all that can carry tags', () => {
    const { resource } = synthesise({ TSDB_DEPLOY_NAME: 'plant' });
    const untagged = [
      'azurerm_subnet',
      'azurerm_subnet_network_security_group_association',
      'azurerm_virtual_machine_data_disk_attachment',
    ];
    for (const [type, named] of Object.entries(resource)) {
      const tags = Object.values(named).map((attributes) => (attributes as { tags?: unknown }).tags);
      const expected = untagged.includes(type)
        ? undefined
        : { application: 'plant', environment: 'dev', 'managed-by': 'cdktf' };
      expect([type, ...tags]).toEqual([type, ...tags.map(() => expected)]);
    }
  });

  it('says how to get in and how to apply the schema', () => {
    const { output } = synthesise(OPEN);
    expect(output.tunnel?.value).toMatch(/^ssh -N -L 5432:127\.0\.0\.1:5432 ops@\$\{azurerm_public_ip\./);
    expect(output.apply_schema?.value).toContain('npm run db:apply');
    expect(synthesise({ TSDB_DEPLOY_DNS_LABEL: 'plant-metrics' }).output).toHaveProperty('fqdn');
  });

  it('carries no secret', () => {
    const { text, resource } = synthesise();
    const boot = Buffer.from(
      String(
        Object.values(resource.azurerm_linux_virtual_machine ?? {}).map(
          (vm) => (vm as { custom_data: string }).custom_data,
        ),
      ),
      'base64',
    );
    for (const content of [text, boot.toString()]) {
      expect(content).not.toMatch(/PRIVATE KEY|POSTGRES_PASSWORD[^_]|admin_password|subscription_id/);
    }
    expect(boot.toString()).toMatch(/^#cloud-config\n/);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../core/config';
import { addresses, onlyResource } from '../core/testing/synthesise';
import { cloudInit } from './machine/cloud-init';
import { releaseUnits } from './machine/release-units';
import { bundleProps } from './machine-bundle';
import { EVERYTHING, only, PRIVATE, synthesiseAzure } from './testing/azure-stack';

const OPEN = {
  TSDB_DEPLOY_SSH_CIDRS: '198.51.100.0/24',
  TSDB_DEPLOY_API_CIDRS: '0.0.0.0/0',
};
const dev = synthesiseAzure();

function openings(env: Record<string, string>) {
  const { security_rule } = only(synthesiseAzure(env), 'network_security_group') as {
    security_rule: {
      name: string;
      destination_port_range: string;
      source_address_prefixes: string[];
    }[];
  };
  return security_rule
    .filter(({ name }) => name.startsWith('allow-'))
    .map((rule) => [rule.destination_port_range, rule.source_address_prefixes]);
}

describe('the network', () => {
  it('opens 443 and 22 only to the networks that are named', () => {
    expect(openings({})).toEqual([]);
    expect(openings({ TSDB_DEPLOY_API_CIDRS: '203.0.113.0/24' })).toEqual([['443', ['203.0.113.0/24']]]);
    expect(openings(OPEN)).toEqual([
      ['443', ['0.0.0.0/0']],
      ['22', ['198.51.100.0/24']],
    ]);
    expect(openings({ TSDB_DEPLOY_PARTS: 'bastion' })).toEqual([['22', ['10.20.255.0/26']]]);
  });

  it('has no implicit way out of the subnet', () => {
    expect(only(dev, 'subnet').default_outbound_access_enabled).toBe(false);
  });

  it('brings the rules into force before the machine gets an interface', () => {
    const [rules] = addresses(dev).filter((address) =>
      address.startsWith('azurerm_subnet_network_security_group_association.'),
    );
    expect(only(dev, 'network_interface').depends_on).toEqual([rules]);
  });

  it('gives a private machine no address but a way out, which is there before it', () => {
    const { resource, text } = synthesiseAzure(PRIVATE);
    expect(text).not.toContain('public_ip_address_id": "${azurerm_public_ip.network_address');
    expect(Object.keys(resource.azurerm_public_ip ?? {})).toEqual([
      expect.stringContaining('bastion'),
      expect.stringContaining('network_exit-address'),
    ]);
    expect(onlyResource({ ...dev, resource }, 'azurerm_network_interface')).toMatchObject({
      depends_on: [expect.anything(), expect.stringContaining('azurerm_subnet_nat_gateway_association')],
      ip_configuration: [{ name: 'primary' }],
    });
  });

  it('closes vault and storage to the world with private endpoints', () => {
    const stack = synthesiseAzure({ TSDB_DEPLOY_PARTS: 'private-endpoints' });
    expect(only(stack, 'key_vault').public_network_access_enabled).toBe(false);
    expect(only(stack, 'storage_account').public_network_access_enabled).toBe(false);
    expect(only(dev, 'key_vault').public_network_access_enabled).toBe(true);
  });
});

describe('the machine', () => {
  const machine = only(dev, 'linux_virtual_machine');

  it('is entered by key only and not replaced for a new image or an edited boot file', () => {
    expect(machine).toMatchObject({
      disable_password_authentication: true,
      admin_ssh_key: [{ username: 'ops', public_key: `\${var.ssh_public_key}` }],
      identity: { type: 'SystemAssigned' },
      lifecycle: { ignore_changes: ['custom_data', 'source_image_reference'] },
    });
  });

  it('boots with the one document for all, and finds all that differs in its user data', () => {
    expect(Buffer.from(String(machine.custom_data), 'base64').toString()).toBe(cloudInit());
    expect(String(machine.user_data)).toMatch(
      /^\$\{base64encode\(jsonencode\(\{"vaultUri" = azurerm_key_vault\./,
    );
    const full = only(synthesiseAzure(EVERYTHING), 'linux_virtual_machine');
    expect(full.custom_data).toBe(machine.custom_data);
  });

  it('is patched by Azure in a window or by itself, never by both', () => {
    expect(machine.patch_mode).toBe('ImageDefault');
    const patched = synthesiseAzure({
      TSDB_DEPLOY_PARTS: 'maintenance-window',
    });
    expect(only(patched, 'linux_virtual_machine').patch_mode).toBe('AutomaticByPlatform');
  });

  it('may read its own secrets and bundles, write backups and dumps, and nothing else', () => {
    const roles = Object.values(dev.resource.azurerm_role_assignment ?? {}) as {
      principal_id: string;
      role_definition_name: string;
      scope: string;
    }[];
    const ofMachine = roles.filter(({ principal_id }) => principal_id.includes('linux_virtual_machine'));
    expect(
      ofMachine
        .map(({ role_definition_name, scope }) => `${role_definition_name} on ${scope.split('.')[1]}`)
        .sort(),
    ).toEqual(
      [
        ...['app', 'backup', 'monitoring', 'owner', 'postgres', 'repository'].map((name) =>
          expect.stringMatching(`^Key Vault Secrets User on secrets_${name}_`),
        ),
        expect.stringMatching('^Storage Blob Data Contributor on storage_backups_'),
        expect.stringMatching('^Storage Blob Data Contributor on storage_dumps_'),
        expect.stringMatching('^Storage Blob Data Reader on storage_bundles_'),
      ].sort(),
    );
  });
});

describe('alerts and costs', () => {
  it('go to the operators when there is an address', () => {
    expect(only(dev, 'monitor_action_group').email_receiver).toEqual([]);
    expect(only(synthesiseAzure(EVERYTHING), 'monitor_action_group').email_receiver).toMatchObject([
      { email_address: 'ops@example.org' },
    ]);
  });

  it('look for the lines that the units of the machine print, which are collected', () => {
    const units = releaseUnits(bundleProps(readConfig({}), ''));
    const tags = Object.values(units).flatMap((text) => /SyslogIdentifier=(.+)/.exec(text)?.[1] ?? []);
    expect(tags.sort()).toEqual(['tsdb-backup', 'tsdb-health']);
    expect(only(dev, 'monitor_data_collection_rule')).toMatchObject({
      data_sources: {
        syslog: expect.arrayContaining([
          expect.objectContaining({
            facility_names: ['daemon'],
            log_levels: expect.arrayContaining(['Info']),
          }),
        ]),
      },
    });
    const alerts = Object.values(dev.resource.azurerm_monitor_scheduled_query_rules_alert_v2 ?? {});
    expect(JSON.stringify(alerts)).toContain("SyslogMessage has 'result=failed'");
    expect(alerts).toContainEqual(
      expect.objectContaining({
        window_duration: 'P2D',
        criteria: [expect.objectContaining({ operator: 'LessThan', threshold: 1 })],
      }),
    );
  });

  it('remind of passwords that expire, by the figure that the health check prints', () => {
    const script = readFileSync(join(__dirname, 'machine', 'release', 'health.sh'), 'utf8');
    const alerts = Object.values(dev.resource.azurerm_monitor_scheduled_query_rules_alert_v2 ?? {});
    const name = /extract\('(\w+=)/.exec(JSON.stringify(alerts))?.[1] ?? 'no such alert';
    expect(script).toContain(` ${name}$days `);
  });

  it('keep dates that Azure forbids to change', () => {
    const stack = synthesiseAzure(EVERYTHING);
    expect(only(stack, 'consumption_budget_resource_group').lifecycle).toEqual({
      ignore_changes: ['time_period'],
    });
    expect(only(stack, 'maintenance_configuration').lifecycle).toEqual({
      ignore_changes: ['window[0].start_date_time'],
    });
  });
});

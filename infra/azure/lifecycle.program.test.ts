import type { Attributes } from '../core/testing/policy';
import { addresses, type SynthesisedStack } from '../core/testing/synthesise';
import { DATA_DISK_LUN } from './machine/machine-layout';
import { SECRET_NAMES } from './secrets';
import { EVERYTHING, only, synthesiseAgain, synthesiseAzure, TEST_BUNDLE } from './testing/azure-stack';

const dev = synthesiseAzure();

function named(stack: SynthesisedStack, type: string, name: string): Attributes {
  const found = Object.values(stack.resource[`azurerm_${type}`] ?? {}).find(
    (attributes) => (attributes as Attributes).name === name,
  );
  if (found === undefined) throw new Error(`there is no ${type} ${name}`);
  return found as Attributes;
}

describe('what holds data', () => {
  it('is protected from destruction unless told otherwise', () => {
    const guarded = (stack: SynthesisedStack) => [
      ...['managed_disk', 'key_vault', 'storage_account'].map((type) => only(stack, type)),
      ...['backups', 'dumps'].map((name) => named(stack, 'storage_container', name)),
    ];
    for (const resource of guarded(dev)) expect(resource.lifecycle).toMatchObject({ prevent_destroy: true });
    for (const resource of guarded(synthesiseAzure({ TSDB_DEPLOY_PROTECT_DATA: 'false' })))
      expect(resource.lifecycle).toMatchObject({ prevent_destroy: false });
  });

  it('is attached where the boot script looks for it, without host cache', () => {
    expect(only(dev, 'virtual_machine_data_disk_attachment')).toMatchObject({
      lun: DATA_DISK_LUN,
      caching: 'None',
    });
    expect(DATA_DISK_LUN).toBe(10);
  });

  it('is locked last and so unlocked first', () => {
    const stack = synthesiseAzure(EVERYTHING);
    const locks = Object.values(stack.resource.azurerm_management_lock ?? {}) as { depends_on: string[] }[];
    expect(locks).toHaveLength(3);
    const others = addresses(stack).filter((address) => !address.startsWith('azurerm_management_lock.'));
    for (const { depends_on } of locks) expect([...depends_on].sort()).toEqual(others);
  });

  it('forgets no dump for as long as backups are kept, where that is asked for', () => {
    const stack = synthesiseAzure({
      TSDB_DEPLOY_PARTS: 'immutable-dumps',
      TSDB_DEPLOY_BACKUP_DAYS: '90',
    });
    expect(only(stack, 'storage_container_immutability_policy')).toMatchObject({
      storage_container_resource_manager_id: expect.stringContaining(
        'azurerm_storage_container.storage_dumps_',
      ),
      immutability_period_in_days: 90,
      locked: false,
    });
  });
});

describe('the snapshots of Azure Backup', () => {
  const vaultWith = (env: Record<string, string>) =>
    only(synthesiseAzure({ TSDB_DEPLOY_PARTS: 'recovery-vault', ...env }), 'recovery_services_vault');

  it.each([
    ['LRS', 'LocallyRedundant'],
    ['ZRS', 'ZoneRedundant'],
    ['GZRS', 'ZoneRedundant'],
  ])('are in no geo-redundant vault, which refuses a Premium SSD v2: %s', (replication, mode) => {
    expect(vaultWith({ TSDB_DEPLOY_STORAGE_REPLICATION: replication }).storage_mode_type).toBe(mode);
    const stack = synthesiseAzure({ TSDB_DEPLOY_PARTS: 'recovery-vault' });
    expect(only(stack, 'managed_disk').storage_account_type).toBe('PremiumV2_LRS');
    expect(only(stack, 'backup_policy_vm').policy_type).toBe('V2');
  });

  it('cannot be deleted, until the protection of data is taken away', () => {
    expect(vaultWith({})).toMatchObject({ soft_delete_enabled: true, immutability: 'Unlocked' });
    expect(vaultWith({ TSDB_DEPLOY_PROTECT_DATA: 'false' })).toMatchObject({
      soft_delete_enabled: false,
      immutability: 'Disabled',
    });
  });
});

describe('the secrets', () => {
  const versions = (stack: SynthesisedStack) =>
    Object.fromEntries(
      (
        Object.values(stack.resource.azurerm_key_vault_secret ?? {}) as {
          name: string;
          value_wo_version: number;
        }[]
      ).map(({ name, value_wo_version }) => [name, value_wo_version]),
    );

  it('are one for each login, and the cipher of the backups', () => {
    expect(Object.keys(versions(dev)).sort()).toEqual([
      'app-password',
      'backup-password',
      'monitoring-password',
      'owner-password',
      'postgres-password',
      'repository-cipher',
    ]);
    expect(Object.keys(versions(dev))).toHaveLength(Object.keys(SECRET_NAMES).length);
  });

  it('are drawn anew for a higher number, but for the cipher, which older backups need', () => {
    expect(new Set(Object.values(versions(dev)))).toEqual(new Set([1]));
    const rotated = synthesiseAzure({ TSDB_DEPLOY_PASSWORD_VERSION: '2' });
    const { 'repository-cipher': cipher, ...passwords } = versions(rotated);
    expect(cipher).toBe(1);
    expect(new Set(Object.values(passwords))).toEqual(new Set([2]));
    expect(parameters(rotated).password_version).toBe('2');
  });

  it('are in no resource but the vault', () => {
    expect(dev.resource).not.toHaveProperty('random_password');
    expect(dev.text.match(/ephemeral\.random_password\.\w+\.result/g)).toHaveLength(
      Object.keys(SECRET_NAMES).length,
    );
  });

  it('expire at a date that moves with the number only', () => {
    const dates = Object.values(dev.resource.terraform_data ?? {}) as Attributes[];
    expect(dates).toHaveLength(2);
    for (const date of dates)
      expect(date).toMatchObject({
        lifecycle: { ignore_changes: ['input'] },
        triggers_replace: { version: 1 },
      });
  });
});

function parameters(stack: SynthesisedStack): Readonly<Record<string, string>> {
  const { parameter } = only(stack, 'virtual_machine_run_command') as {
    parameter: { name: string; value: string }[];
  };
  return Object.fromEntries(parameter.map(({ name, value }) => [name, value]));
}

describe('the rollout', () => {
  it('names the bundle by its hash, and the script gets both', () => {
    expect(only(dev, 'storage_blob')).toMatchObject({
      name: TEST_BUNDLE.name,
      source: expect.stringMatching(/^assets\/.+\/b{64}\//),
    });
    expect(parameters(dev)).toEqual({
      bundle_url: expect.stringContaining('azurerm_storage_blob.'),
      bundle_sha256: TEST_BUNDLE.sha256,
      password_version: '1',
      disk_gib: '128',
    });
  });

  it('runs again for new passwords and a grown disk, and for nothing that changes from run to run', () => {
    expect(parameters(synthesiseAzure({ TSDB_DEPLOY_DISK_GIB: '256' })).disk_gib).toBe('256');
    expect(parameters(synthesiseAzure({ TSDB_DEPLOY_PASSWORD_VERSION: '2' })).password_version).toBe('2');
    const command = JSON.stringify(only(dev, 'virtual_machine_run_command'));
    expect(command).not.toMatch(/timestamp|uuid|random|terraform_data/);
    expect(synthesiseAgain({}).resource.azurerm_virtual_machine_run_command).toEqual(
      dev.resource.azurerm_virtual_machine_run_command,
    );
  });

  it('is a new command for each bundle, disk size and password version, and for other tags the same', () => {
    const nameFor = (env: Record<string, string>, bundle = TEST_BUNDLE) =>
      only(synthesiseAzure(env, bundle), 'virtual_machine_run_command').name;
    const names = [
      nameFor({}),
      nameFor({ TSDB_DEPLOY_DISK_GIB: '256' }),
      nameFor({ TSDB_DEPLOY_PASSWORD_VERSION: '2' }),
      nameFor({}, { ...TEST_BUNDLE, sha256: 'c'.repeat(64) }),
    ];
    for (const name of names) expect(name).toMatch(/^tsdb-rollout-[0-9a-f]{12}$/);
    expect(new Set(names).size).toBe(4);
    expect(nameFor({ TSDB_DEPLOY_TAGS: 'owner=ops' })).toBe(names[0]);
    expect(only(dev, 'virtual_machine_run_command').lifecycle).toEqual({ ignore_changes: ['tags'] });
  });

  it('comes after the disk, the roles and the secrets that they are for', () => {
    const { depends_on } = only(dev, 'virtual_machine_run_command') as {
      depends_on: string[];
    };
    expect(depends_on.map((address) => address.split('.')[0])).toEqual([
      'azurerm_virtual_machine_data_disk_attachment',
      ...Array(9).fill('azurerm_role_assignment'),
    ]);
  });

  it.each([
    [
      'another bundle',
      {
        ...TEST_BUNDLE,
        sha256: 'c'.repeat(64),
        name: 'tsdb-cccccccccccccccc.tar.gz',
      },
      {},
    ],
    ['another image', TEST_BUNDLE, { TSDB_DEPLOY_DB_IMAGE: 'mirror.example.org/timescaledb:2' }],
    ['another flavour', TEST_BUNDLE, { TSDB_DEPLOY_DB_FLAVOUR: 'ha' }],
  ])('%s changes neither machine nor disk', (_what, bundle, env: Record<string, string>) => {
    const { resource } = synthesiseAzure(env, bundle);
    for (const type of [
      'azurerm_linux_virtual_machine',
      'azurerm_managed_disk',
      'azurerm_virtual_machine_data_disk_attachment',
      'azurerm_network_interface',
    ])
      expect(resource[type]).toEqual(dev.resource[type]);
  });

  it('another bundle changes the blob and the command', () => {
    const bundle = {
      ...TEST_BUNDLE,
      sha256: 'c'.repeat(64),
      name: 'tsdb-cccccccccccccccc.tar.gz',
    };
    const { resource } = synthesiseAzure({}, bundle);
    const changed = Object.keys(dev.resource).filter(
      (type) => JSON.stringify(resource[type]) !== JSON.stringify(dev.resource[type]),
    );
    expect(changed).toEqual(['azurerm_storage_blob', 'azurerm_virtual_machine_run_command']);
  });
});

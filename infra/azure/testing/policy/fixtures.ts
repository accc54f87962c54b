// Resources as they must be, and for each rule of the policy resources that break it.
import type { Attributes } from '../../../core/testing/policy';

const base64 = (text: string) => Buffer.from(text).toString('base64');

export const HTTPS = {
  name: 'r',
  direction: 'Inbound',
  access: 'Allow',
  protocol: 'Tcp',
  priority: 100,
  source_address_prefixes: ['203.0.113.0/24'],
  destination_port_range: '443',
};
export const DENY_ALL = {
  name: 'd',
  direction: 'Inbound',
  access: 'Deny',
  protocol: '*',
  priority: 4096,
  source_address_prefix: '*',
  destination_port_range: '*',
};

/** One resource `x` of each type, as it must be. */
export const GOOD: Readonly<Record<string, Attributes>> = {
  azurerm_network_security_group: { security_rule: [HTTPS, DENY_ALL] },
  azurerm_network_interface: { ip_forwarding_enabled: false },
  azurerm_subnet: { name: 'snet' },
  azurerm_subnet_network_security_group_association: { subnet_id: `\${azurerm_subnet.x.id}` },
  azurerm_linux_virtual_machine: {
    disable_password_authentication: true,
    admin_ssh_key: [{ username: 'ops' }],
    provision_vm_agent: true,
    encryption_at_host_enabled: true,
    custom_data: base64('#cloud-config\nssh_pwauth: false\n'),
    user_data: `\${base64encode(jsonencode({"secretNames" = {"postgres" = "postgres-password"}}))}`,
    lifecycle: { ignore_changes: ['custom_data', 'source_image_reference'] },
  },
  azurerm_managed_disk: { public_network_access_enabled: false, network_access_policy: 'DenyAll' },
  azurerm_key_vault: {
    purge_protection_enabled: true,
    soft_delete_retention_days: 90,
    rbac_authorization_enabled: true,
    network_acls: { default_action: 'Deny', bypass: 'AzureServices' },
  },
  azurerm_key_vault_secret: {
    content_type: 'password',
    expiration_date: '2030-01-01T00:00:00Z',
    value_wo: `\${ephemeral.random_password.app.result}`,
    value_wo_version: 1,
  },
  azurerm_storage_account: {
    https_traffic_only_enabled: true,
    min_tls_version: 'TLS1_2',
    network_rules: { default_action: 'Deny', bypass: ['AzureServices'] },
    allow_nested_items_to_be_public: false,
    shared_access_key_enabled: false,
    sas_policy: { expiration_period: '01.00:00:00' },
    local_user_enabled: false,
    infrastructure_encryption_enabled: true,
    blob_properties: {
      versioning_enabled: true,
      delete_retention_policy: { days: 30 },
      container_delete_retention_policy: { days: 30 },
    },
  },
  azurerm_storage_container: { container_access_type: 'private' },
  azurerm_monitor_diagnostic_setting: {
    target_resource_id: `\${azurerm_storage_account.x.id}/blobServices/default`,
    enabled_log: ['StorageRead', 'StorageWrite', 'StorageDelete'].map((category) => ({ category })),
  },
};

/** What the rule says (its beginning), the type of the resource that breaks it, and how that differs from `GOOD`. */
export type Bad = readonly [rule: string, type: string, change: Attributes];

export const rules = (...security_rule: readonly object[]) => ({
  security_rule: [...security_rule, DENY_ALL],
});
export const GROUP = 'azurerm_network_security_group';
const MACHINE = 'azurerm_linux_virtual_machine';
const VAULT = 'azurerm_key_vault';
const SECRET = 'azurerm_key_vault_secret';
const ACCOUNT = 'azurerm_storage_account';
export const DATABASE_PORT = 'no rule lets TCP reach the database port';
export const INTERNET = 'nothing but HTTPS is open';
const DENIAL = 'each security group ends by denying';
const BOOT = 'no machine carries a secret';
const DELETED = 'what is deleted or overwritten';

export const BAD: readonly Bad[] = [
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, destination_port_range: '5432' })],
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, destination_port_range: '5000-6000' })],
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, destination_port_range: '1024-5432' })],
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, destination_port_range: '*' })],
  [
    DATABASE_PORT,
    GROUP,
    rules({ ...HTTPS, destination_port_range: null, destination_port_ranges: ['443', '5400-5500'] }),
  ],
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, protocol: '*', destination_port_range: '5432' })],
  [
    DATABASE_PORT,
    GROUP,
    rules({
      ...HTTPS,
      direction: 'inbound',
      access: 'allow',
      protocol: 'tcp',
      destination_port_range: '5432',
    }),
  ],
  [DATABASE_PORT, GROUP, rules({ ...HTTPS, destination_port_range: `\${var.port}` })],
  [DATABASE_PORT, 'azurerm_network_security_rule', { ...HTTPS, destination_port_range: '5432' }],
  ...['22', '80', '3389'].map(
    (port): Bad => [
      INTERNET,
      GROUP,
      rules({ ...HTTPS, destination_port_range: port, source_address_prefix: '*' }),
    ],
  ),
  [
    INTERNET,
    GROUP,
    rules({ ...HTTPS, destination_port_range: '22', source_address_prefixes: ['0.0.0.0/0'] }),
  ],
  [
    INTERNET,
    GROUP,
    rules({ ...HTTPS, destination_port_range: '400-500', source_address_prefix: 'Internet' }),
  ],
  [
    'no UDP comes in',
    GROUP,
    rules({ ...HTTPS, protocol: 'Udp', destination_port_range: '53', source_address_prefix: '*' }),
  ],
  [DENIAL, GROUP, { security_rule: [] }],
  [DENIAL, GROUP, { security_rule: [HTTPS] }],
  [DENIAL, GROUP, { security_rule: [{ ...DENY_ALL, priority: 50 }, HTTPS] }],
  [DENIAL, GROUP, { security_rule: [{ ...DENY_ALL, protocol: 'Tcp' }] }],
  [DENIAL, GROUP, { security_rule: [{ ...DENY_ALL, source_address_prefix: 'Internet' }] }],
  ['no interface forwards packets', 'azurerm_network_interface', { ip_forwarding_enabled: true }],
  [
    'each subnet has a security group',
    'azurerm_subnet_network_security_group_association',
    { subnet_id: `\${azurerm_subnet.y.id}` },
  ],
  ['each machine is entered by SSH key only', MACHINE, { disable_password_authentication: false }],
  ['each machine is entered by SSH key only', MACHINE, { admin_password: 'x' }],
  ['each machine is entered by SSH key only', MACHINE, { admin_ssh_key: [] }],
  ['each machine has its agent', MACHINE, { provision_vm_agent: false }],
  [BOOT, MACHINE, { custom_data: base64('PGPASSWORD=hunter2') }],
  [BOOT, MACHINE, { custom_data: base64('-----BEGIN RSA PRIVATE KEY-----') }],
  [BOOT, MACHINE, { user_data: `\${base64encode(ephemeral.random_password.app.result)}` }],
  ['each machine is encrypted on its host', MACHINE, { encryption_at_host_enabled: false }],
  ['no machine is replaced', MACHINE, { lifecycle: { ignore_changes: ['custom_data'] } }],
  ['no disk can be downloaded', 'azurerm_managed_disk', { public_network_access_enabled: true }],
  ['no disk can be downloaded', 'azurerm_managed_disk', { network_access_policy: 'AllowAll' }],
  [
    'no disk has its encryption turned off',
    'azurerm_managed_disk',
    { encryption_settings: { enabled: false } },
  ],
  ['nobody can purge a vault', VAULT, { purge_protection_enabled: false }],
  ['what is deleted in a vault', VAULT, { soft_delete_retention_days: 7 }],
  ['a vault lets in only', VAULT, { network_acls: { default_action: 'Allow', bypass: 'AzureServices' } }],
  ['access to a vault', VAULT, { rbac_authorization_enabled: false }],
  ['access to a vault', VAULT, { access_policy: [{}] }],
  ['each secret says what it is', SECRET, { content_type: undefined }],
  ['each secret has a date', SECRET, { expiration_date: undefined }],
  ['no secret gets into state', SECRET, { value: 'x' }],
  ['no secret gets into state', SECRET, { value_wo: `\${random_password.app.result}` }],
  ['no secret gets into state', SECRET, { value_wo_version: undefined }],
  ['storage answers on HTTPS only', ACCOUNT, { https_traffic_only_enabled: false }],
  ['storage speaks TLS 1.2', ACCOUNT, { min_tls_version: 'TLS1_0' }],
  [
    'storage lets in only the networks',
    ACCOUNT,
    { network_rules: { default_action: 'Allow', bypass: ['AzureServices'] } },
  ],
  ['storage lets in trusted', ACCOUNT, { network_rules: { default_action: 'Deny', bypass: ['None'] } }],
  ['no blob can be made public', ACCOUNT, { allow_nested_items_to_be_public: true }],
  ['each container is private', 'azurerm_storage_container', { container_access_type: 'blob' }],
  ['storage knows no access keys', ACCOUNT, { shared_access_key_enabled: true }],
  ['storage has a policy for signatures', ACCOUNT, { sas_policy: undefined }],
  ['storage has no users', ACCOUNT, { local_user_enabled: true }],
  ['storage is encrypted twice', ACCOUNT, { infrastructure_encryption_enabled: false }],
  [DELETED, ACCOUNT, { blob_properties: undefined }],
  [
    DELETED,
    ACCOUNT,
    { blob_properties: { ...(GOOD[ACCOUNT]?.blob_properties as object), versioning_enabled: false } },
  ],
  [
    DELETED,
    ACCOUNT,
    {
      blob_properties: {
        ...(GOOD[ACCOUNT]?.blob_properties as object),
        delete_retention_policy: { days: 1 },
      },
    },
  ],
  [
    'each reading, writing and deleting',
    'azurerm_monitor_diagnostic_setting',
    { enabled_log: [{ category: 'StorageRead' }, { category: 'StorageWrite' }] },
  ],
];

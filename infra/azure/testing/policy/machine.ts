// Rules about the machine and its disks.
import { type Attributes, blocks, eachMust, only, type PolicyRule } from '../../../core/testing/policy';

const MACHINE = 'azurerm_linux_virtual_machine';
const DISK = 'azurerm_managed_disk';

export const MACHINE_POLICY: readonly PolicyRule[] = [
  eachMust(
    MACHINE,
    ['CKV_AZURE_1', 'CKV_AZURE_149', 'CKV_AZURE_178', 'AZU-0039'],
    'each machine is entered by SSH key only',
    (machine) =>
      machine.disable_password_authentication === true &&
      machine.admin_password === undefined &&
      blocks(machine, 'admin_ssh_key').length > 0,
  ),
  eachMust(
    MACHINE,
    ['CKV_AZURE_179'],
    'each machine has its agent',
    ({ provision_vm_agent }) => provision_vm_agent === true,
  ),
  eachMust(
    MACHINE,
    ['CKV_AZURE_45', 'AZU-0037'],
    'no machine carries a secret in its boot files',
    (machine) => !SECRET.test(decoded(machine.custom_data)) && !SECRET.test(String(machine.user_data ?? '')),
  ),
  eachMust(
    MACHINE,
    [],
    'each machine is encrypted on its host, too',
    (machine) => machine.encryption_at_host_enabled === true,
  ),
  eachMust(MACHINE, [], 'no machine is replaced for a new image or an edited boot file', (machine) =>
    ['custom_data', 'source_image_reference'].every((name) => ignored(machine).includes(name)),
  ),
  eachMust(
    DISK,
    ['CKV_AZURE_251'],
    'no disk can be downloaded',
    (disk) => disk.public_network_access_enabled === false && disk.network_access_policy === 'DenyAll',
  ),
  eachMust(DISK, ['AZU-0038'], 'no disk has its encryption turned off', (disk) =>
    blocks(disk, 'encryption_settings').every(({ enabled }) => enabled !== false),
  ),
];

// Words that go with a value; the name of a secret in the vault is none.
const SECRET =
  /-----BEGIN|PRIVATE KEY|\b(PGPASSWORD|POSTGRES_PASSWORD|AccountKey|SharedAccessSignature)\s*[=:]|password\s*[=:]\s*\S|random_password|value_wo/i;

function decoded(customData: unknown): string {
  return Buffer.from(String(customData ?? ''), 'base64').toString('utf8');
}

function ignored(attributes: Attributes): readonly string[] {
  return (only(attributes, 'lifecycle').ignore_changes ?? []) as readonly string[];
}

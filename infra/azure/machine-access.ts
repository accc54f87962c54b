// What the machine's identity may do: read its secrets, read bundles, write backups. Nothing else.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { Construct } from 'constructs';
import type { Secrets } from './secrets';
import type { Storage } from './storage';

export interface MachineAccessProps {
  readonly machine: LinuxVirtualMachine;
  readonly secrets: Secrets;
  readonly storage: Storage;
}

export function addMachineAccess(stack: Construct, { machine, secrets, storage }: MachineAccessProps) {
  const scope = new Construct(stack, 'access');
  const grant = (what: string, roleDefinitionName: string, on: string): RoleAssignment =>
    new RoleAssignment(scope, what, {
      scope: on,
      principalId: machine.identity.principalId,
      principalType: 'ServicePrincipal',
      roleDefinitionName,
      // A new identity takes minutes to be known everywhere; the assignment would fail until then.
      skipServicePrincipalAadCheck: true,
    });
  return [
    ...Object.entries(secrets).map(([name, secret]) =>
      grant(`reads-${name}`, 'Key Vault Secrets User', secret.resourceVersionlessId),
    ),
    grant('reads-bundles', 'Storage Blob Data Reader', storage.bundles.id),
    grant('writes-backups', 'Storage Blob Data Contributor', storage.backups.id),
    grant('writes-dumps', 'Storage Blob Data Contributor', storage.dumps.id),
  ];
}

// What the machine's identity may do: read its secrets, read bundles, write backups, read the topics of its Event Hubs and write
// their dead letters. Nothing else.
import type { KeyVaultSecret } from '@cdktf/provider-azurerm/lib/key-vault-secret';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { Construct } from 'constructs';
import type { EventHubs } from './event-hubs';
import type { Consumer } from './machine/consumer';
import { SECRET_NAMES, type Vault } from './secrets';
import type { Storage } from './storage';

export interface MachineAccessProps {
  readonly machine: LinuxVirtualMachine;
  readonly vault: Vault;
  readonly secrets: Readonly<Record<string, KeyVaultSecret>>;
  readonly storage: Storage;
  readonly eventHubs: EventHubs | undefined;
  /** Somebody puts the secrets of their brokers into the vault by hand, so Terraform has no resources for them. */
  readonly consumers: readonly Consumer[];
}

export function addMachineAccess(stack: Construct, props: MachineAccessProps) {
  const { machine, vault, secrets, storage, eventHubs, consumers } = props;
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
    ...brokerSecrets(consumers).map((name) =>
      grant(`reads-broker-${name}`, 'Key Vault Secrets User', `${vault.vault.id}/secrets/${name}`),
    ),
    ...(eventHubs === undefined
      ? []
      : [
          // Of the whole namespace, which has no other topics: a client that asks for its brokers alone is refused otherwise
          // (https://github.com/Azure/azure-event-hubs-for-kafka/issues/159).
          grant('reads-topics', 'Azure Event Hubs Data Receiver', eventHubs.namespace.id),
          ...eventHubs.letters.map((hub) =>
            grant(`writes-${hub.node.id}`, 'Azure Event Hubs Data Sender', hub.id),
          ),
        ]),
  ];
}

/** Two files may be one secret, such as the authority of both brokers. Those of the logins the machine may read already. */
function brokerSecrets(consumers: readonly Consumer[]): readonly string[] {
  const names = consumers.flatMap(({ secrets }) => Object.values(secrets));
  const others: readonly string[] = Object.values(SECRET_NAMES);
  return [...new Set(names)].filter((name) => !others.includes(name));
}

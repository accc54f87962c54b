// Locks everything that holds data (optional part `locks`). Not even the portal deletes it without removing the lock first.
import type { ManagedDisk } from '@cdktf/provider-azurerm/lib/managed-disk';
import { ManagementLock } from '@cdktf/provider-azurerm/lib/management-lock';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import type { EventHubs } from './event-hubs';
import type { Vault } from './secrets';
import type { Storage } from './storage';

export interface LocksProps {
  readonly disk: ManagedDisk;
  readonly storage: Storage;
  readonly vault: Vault;
  readonly eventHubs: EventHubs | undefined;
  /** All other resources, so that a destroy removes the locks first. They also protect roles on what they lock. */
  readonly after: readonly ITerraformDependable[];
}

/** The resources are locked, not their group: a lock on the group would prevent every other deletion too. */
export function addLocks(stack: Construct, props: LocksProps): void {
  const { disk, storage, vault, eventHubs, after } = props;
  const scope = new Construct(stack, 'locks');
  const locked = {
    disk: disk.id,
    storage: storage.account.id,
    vault: vault.vault.id,
    ...(eventHubs === undefined ? {} : { 'event-hubs': eventHubs.namespace.id }),
  };
  for (const [name, resource] of Object.entries(locked))
    new ManagementLock(scope, name, {
      name: 'keep-data',
      scope: resource,
      lockLevel: 'CanNotDelete',
      notes: 'Holds data. Terraform takes the lock away when part "locks" is taken away.',
      dependsOn: [...after],
    });
}

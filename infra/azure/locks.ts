// Locks everything that holds data (optional part `locks`). Not even the portal deletes it without removing the lock first.
import { ManagementLock } from '@cdktf/provider-azurerm/lib/management-lock';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';

export interface LocksProps {
  /** Ids of the resources, by what they are. */
  readonly locked: Readonly<Record<string, string>>;
  /** All other resources, so that a destroy removes the locks first. They also protect roles on what they lock. */
  readonly after: readonly ITerraformDependable[];
}

/** The resources are locked, not their group: a lock on the group would prevent every other deletion too. */
export function addLocks(stack: Construct, props: LocksProps): void {
  const { locked, after } = props;
  const scope = new Construct(stack, 'locks');
  for (const [name, resource] of Object.entries(locked))
    new ManagementLock(scope, name, {
      name: 'keep-data',
      scope: resource,
      lockLevel: 'CanNotDelete',
      notes: 'Holds data. Terraform takes the lock away when part "locks" is taken away.',
      dependsOn: [...after],
    });
}

// Daily snapshots of the data disk by Azure Backup (optional part `recovery-vault`), beside the database's own backups.
import { BackupPolicyVm } from '@cdktf/provider-azurerm/lib/backup-policy-vm';
import { BackupProtectedVm } from '@cdktf/provider-azurerm/lib/backup-protected-vm';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { RecoveryServicesVault } from '@cdktf/provider-azurerm/lib/recovery-services-vault';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { DATA_DISK_LUN } from './machine/machine-layout';
import { type Place, placed } from './place';

export interface RecoveryVaultProps {
  readonly machine: LinuxVirtualMachine;
  /** The attached data disk. */
  readonly after: ITerraformDependable;
}

export function addRecoveryVault(
  stack: Construct,
  place: Place,
  { machine, after }: RecoveryVaultProps,
): void {
  const scope = new Construct(stack, 'recovery');
  const { azure, protectData } = place.config;
  const { backupDays, storageReplication } = azure;
  const vault = new RecoveryServicesVault(scope, 'vault', {
    ...placed(place, 'rsv'),
    sku: 'Standard',
    // Azure deletes no vault that holds backups, not even deleted ones, and an immutable vault gives up no backup.
    softDeleteEnabled: protectData,
    immutability: protectData ? 'Unlocked' : 'Disabled',
    storageModeType: REDUNDANCY[storageReplication],
    identity: { type: 'SystemAssigned' },
  });
  const inVault = { resourceGroupName: place.resourceGroup.name, recoveryVaultName: vault.name };
  const policy = new BackupPolicyVm(scope, 'policy', {
    ...inVault,
    name: 'daily',
    // Version 1 does not support Premium SSD v2.
    policyType: 'V2',
    backup: { frequency: 'Daily', time: '01:30' },
    retentionDaily: { count: backupDays },
  });
  new BackupProtectedVm(scope, 'protected', {
    ...inVault,
    sourceVmId: machine.id,
    backupPolicyId: policy.id,
    includeDiskLuns: [DATA_DISK_LUN],
    dependsOn: [after],
  });
}

// Never in a second region: Azure protects no machine that has a Premium SSD v2 in a geo-redundant vault
// (UserErrorUltraDiskOrPremiumSSDV2DiskVMCannotBeProtectedOnGRSVault). Backups of the database go there with GZRS.
const REDUNDANCY = { LRS: 'LocallyRedundant', ZRS: 'ZoneRedundant', GZRS: 'ZoneRedundant' } as const;

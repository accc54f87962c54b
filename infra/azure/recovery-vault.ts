// Daily snapshots of the data disk by Azure Backup (optional part `recovery-vault`), beside the database's own backups.
import { BackupPolicyVm } from '@cdktf/provider-azurerm/lib/backup-policy-vm';
import { BackupProtectedVm } from '@cdktf/provider-azurerm/lib/backup-protected-vm';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { RecoveryServicesVault } from '@cdktf/provider-azurerm/lib/recovery-services-vault';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import { DATA_DISK_LUN } from './machine/machine-layout';
import { type PartProps, placeIn } from './place';

export interface RecoveryVaultProps extends PartProps {
  readonly machine: LinuxVirtualMachine;
  /** The attached data disk. */
  readonly after: readonly ITerraformDependable[];
}

export class RecoveryVault extends Construct {
  constructor(scope: Construct, id: string, props: RecoveryVaultProps) {
    super(scope, id);
    const { config, resourceGroup, machine, after } = props;
    const { backupDays, storageReplication } = config.azure;
    const vault = new RecoveryServicesVault(this, 'vault', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'rsv'),
      sku: 'Standard',
      softDeleteEnabled: true,
      immutability: 'Unlocked',
      storageModeType: REDUNDANCY[storageReplication],
      identity: { type: 'SystemAssigned' },
    });
    const policy = new BackupPolicyVm(this, 'policy', {
      name: 'daily',
      resourceGroupName: resourceGroup.name,
      recoveryVaultName: vault.name,
      // Version 1 does not support Premium SSD v2.
      policyType: 'V2',
      backup: { frequency: 'Daily', time: '01:30' },
      retentionDaily: { count: backupDays },
    });
    new BackupProtectedVm(this, 'protected', {
      resourceGroupName: resourceGroup.name,
      recoveryVaultName: vault.name,
      sourceVmId: machine.id,
      backupPolicyId: policy.id,
      includeDiskLuns: [DATA_DISK_LUN],
      dependsOn: [...after],
    });
  }
}

const REDUNDANCY = { LRS: 'LocallyRedundant', ZRS: 'ZoneRedundant', GZRS: 'GeoRedundant' } as const;

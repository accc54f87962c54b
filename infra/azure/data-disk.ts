// The disk that must outlive the machine.

import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { ManagedDisk } from '@cdktf/provider-azurerm/lib/managed-disk';
import type { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { VirtualMachineDataDiskAttachment } from '@cdktf/provider-azurerm/lib/virtual-machine-data-disk-attachment';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { DATA_DISK_LUN } from './machine-layout';

export interface DataDiskProps {
  readonly config: DeployConfig;
  readonly resourceGroup: ResourceGroup;
  readonly machine: LinuxVirtualMachine;
}

/** Data, write-ahead log and password of the database. Replacing the machine re-attaches it untouched. */
export class DataDisk extends Construct {
  readonly disk: ManagedDisk;

  constructor(scope: Construct, id: string, { config, resourceGroup, machine }: DataDiskProps) {
    super(scope, id);
    this.disk = new ManagedDisk(this, 'disk', {
      name: azureName(config, 'disk'),
      location: resourceGroup.location,
      resourceGroupName: resourceGroup.name,
      zone: config.azure.zone,
      createOption: 'Empty',
      storageAccountType: 'PremiumV2_LRS',
      diskSizeGb: config.diskGiB,
      networkAccessPolicy: 'DenyAll',
      publicNetworkAccessEnabled: false,
      // cannot be a Terraform variable, so it comes from the settings
      lifecycle: { preventDestroy: config.protectData },
    });
    new VirtualMachineDataDiskAttachment(this, 'attachment', {
      managedDiskId: this.disk.id,
      virtualMachineId: machine.id,
      lun: DATA_DISK_LUN,
      // A Premium SSD v2 allows no host cache, and none must ever hold a write-ahead log.
      caching: 'None',
    });
  }
}

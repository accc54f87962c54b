// The disk that must outlive the machine.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { ManagedDisk } from '@cdktf/provider-azurerm/lib/managed-disk';
import { VirtualMachineDataDiskAttachment } from '@cdktf/provider-azurerm/lib/virtual-machine-data-disk-attachment';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import type { CustomerKeys } from './customer-keys';
import { DATA_DISK_LUN } from './machine/machine-layout';
import { type PartProps, placeIn } from './place';

export interface DataDiskProps extends PartProps {
  readonly machine: LinuxVirtualMachine;
  /** Customer-managed keys for the disk. */
  readonly keys?: CustomerKeys | undefined;
}

/** Data and write-ahead log of the database. A new machine gets the same disk attached, unchanged. */
export class DataDisk extends Construct {
  readonly disk: ManagedDisk;
  readonly attachment: VirtualMachineDataDiskAttachment;

  constructor(scope: Construct, id: string, { config, resourceGroup, machine, keys }: DataDiskProps) {
    super(scope, id);
    this.disk = new ManagedDisk(this, 'disk', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'disk'),
      zone: config.azure.zone,
      createOption: 'Empty',
      storageAccountType: 'PremiumV2_LRS',
      diskSizeGb: config.diskGiB,
      diskIopsReadWrite: config.azure.diskIops,
      diskMbpsReadWrite: config.azure.diskMbps,
      networkAccessPolicy: 'DenyAll',
      publicNetworkAccessEnabled: false,
      ...(keys === undefined
        ? {}
        : { diskEncryptionSetId: keys.diskEncryption.id, dependsOn: [keys.mayEncrypt] }),
      // Terraform accepts no variable here, so the value comes from the settings.
      lifecycle: { preventDestroy: config.protectData },
    });
    this.attachment = new VirtualMachineDataDiskAttachment(this, 'attachment', {
      managedDiskId: this.disk.id,
      virtualMachineId: machine.id,
      lun: DATA_DISK_LUN,
      // A Premium SSD v2 allows no host cache, and a write-ahead log must never be in one.
      caching: 'None',
    });
  }
}

// The disk that must outlive the machine.
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { ManagedDisk } from '@cdktf/provider-azurerm/lib/managed-disk';
import { VirtualMachineDataDiskAttachment } from '@cdktf/provider-azurerm/lib/virtual-machine-data-disk-attachment';
import { Construct } from 'constructs';
import type { CustomerKeys } from './customer-keys';
import { DATA_DISK_LUN } from './machine/machine-layout';
import { type Place, placed } from './place';

export interface DataDiskProps {
  readonly machine: LinuxVirtualMachine;
  readonly keys: CustomerKeys | undefined;
}

/** Data and write-ahead log of the database. A new machine gets the same disk attached, unchanged. */
export function addDataDisk(stack: Construct, place: Place, { machine, keys }: DataDiskProps) {
  const scope = new Construct(stack, 'data');
  const { azure, diskGiB, protectData } = place.config;
  const disk = new ManagedDisk(scope, 'disk', {
    ...placed(place, 'disk'),
    zone: azure.zone,
    createOption: 'Empty',
    storageAccountType: 'PremiumV2_LRS',
    diskSizeGb: diskGiB,
    diskIopsReadWrite: azure.diskIops,
    diskMbpsReadWrite: azure.diskMbps,
    networkAccessPolicy: 'DenyAll',
    publicNetworkAccessEnabled: false,
    ...(keys === undefined
      ? {}
      : { diskEncryptionSetId: keys.diskEncryption.id, dependsOn: [keys.mayEncrypt] }),
    // Terraform accepts no variable here, so the value comes from the settings.
    lifecycle: { preventDestroy: protectData },
  });
  const attachment = new VirtualMachineDataDiskAttachment(scope, 'attachment', {
    managedDiskId: disk.id,
    virtualMachineId: machine.id,
    lun: DATA_DISK_LUN,
    // A Premium SSD v2 allows no host cache, and a write-ahead log must never be in one.
    caching: 'None',
  });
  return { disk, attachment };
}

// The systemd unit that cloud-init places: the data disk. All others come with a release.
import { DATA_DISK_LUN, DATA_PATHS, SCRIPT_FOLDER } from './machine-layout';
import { unitFile } from './unit-file';

const DISK_WAIT_SECONDS = 900;

// Azure's udev rules name a disk by its LUN: the first is for NVMe controllers, the second for SCSI.
const DISK_DEVICES = [
  `/dev/disk/azure/data/by-lun/${DATA_DISK_LUN}`,
  `/dev/disk/azure/scsi1/lun${DATA_DISK_LUN}`,
];

/** Waits for the data disk and mounts it. On later boots /etc/fstab may have done so already. */
export function diskUnit(): string {
  return unitFile({
    Unit: ['Description=Data disk of the database', 'After=srv-tsdb.mount'],
    Service: [
      'Type=oneshot',
      'RemainAfterExit=yes',
      `TimeoutStartSec=${DISK_WAIT_SECONDS + 300}`,
      `ExecStart=${SCRIPT_FOLDER}/prepare-disk.sh ${DATA_PATHS.dataDisk} ${DISK_WAIT_SECONDS} ${DISK_DEVICES.join(' ')}`,
    ],
    Install: ['WantedBy=multi-user.target'],
  });
}

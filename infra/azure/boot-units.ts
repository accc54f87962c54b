// The two systemd units of the database machine: first the disk, then the database on it (pure).

import { COMPOSE_PATH, DATA_DISK_LUN, DATA_PATHS, SCRIPT_FOLDER } from './machine-layout';

const DISK_WAIT_SECONDS = 900;

// Azure's udev rules name a disk by its LUN: the first is for NVMe controllers, the second for SCSI.
const DISK_DEVICES = [
  `/dev/disk/azure/data/by-lun/${DATA_DISK_LUN}`,
  `/dev/disk/azure/scsi1/lun${DATA_DISK_LUN}`,
];

/** Waits for the data disk and mounts it. On later boots /etc/fstab may have done so already. */
export function diskUnit(): string {
  return unit({
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

/** Runs the containers, only ever with the data disk mounted, as the image's user `uid`:`gid`. */
export function databaseUnit({ uid, gid }: { readonly uid: number; readonly gid: number }): string {
  const compose = `/usr/bin/docker compose --project-name tsdb --file ${COMPOSE_PATH}`;
  return unit({
    Unit: [
      'Description=TimescaleDB',
      'Wants=network-online.target docker.service',
      'Requires=tsdb-disk.service',
      'After=network-online.target docker.service tsdb-disk.service',
      `RequiresMountsFor=${DATA_PATHS.dataDisk}`,
      `ConditionPathIsMountPoint=${DATA_PATHS.dataDisk}`,
    ],
    Service: [
      'Type=oneshot',
      'RemainAfterExit=yes',
      'TimeoutStartSec=1200',
      `ExecStartPre=${SCRIPT_FOLDER}/prepare-folders.sh ${DATA_PATHS.dataDisk} ${uid} ${gid}`,
      `ExecStart=${compose} up --detach --wait --remove-orphans`,
      `ExecStop=${compose} stop --timeout 120`,
      // The first start pulls the image: a registry that is briefly out of reach must not be the end of it.
      'Restart=on-failure',
      'RestartSec=30',
    ],
    Install: ['WantedBy=multi-user.target'],
  });
}

function unit(sections: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(sections)
    .map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`)
    .join('\n');
}

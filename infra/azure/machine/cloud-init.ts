// First boot of the machine as a cloud-init document, the same for every configuration (pure but for reading a script).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { DATA_DISK_LUN, DATA_PATHS, SCRIPT_FOLDER } from './machine-layout';
import { unitFile } from './unit-file';
import { YAML_OPTIONS } from './yaml-options';

/** The part of cloud-init's schema that this machine needs. */
export type CloudConfig = typeof CONFIG;

/** Azure's limit for custom_data, in bytes before base64. */
export const CUSTOM_DATA_LIMIT = 65_535;

/**
 * The document as text. Terraform ignores later edits of it, because a change would replace the machine. So it contains
 * only what a machine needs before its first release: container engine, firewall, data disk.
 * @throws RangeError when it is larger than Azure accepts
 */
export function cloudInit(): string {
  const text = `#cloud-config\n${stringify(CONFIG, YAML_OPTIONS)}`;
  const bytes = Buffer.byteLength(text);
  if (bytes > CUSTOM_DATA_LIMIT)
    throw new RangeError(`cloud-init is ${bytes} bytes, Azure accepts ${CUSTOM_DATA_LIMIT}`);
  return text;
}

const ENGINE = {
  // Keeps the database running while updates restart Docker.
  'live-restore': true,
  'log-driver': 'local',
  'log-opts': { 'max-size': '50m' },
  'no-new-privileges': true,
};

const KERNEL = [
  'kernel.unprivileged_bpf_disabled = 1',
  'net.core.somaxconn = 1024',
  // Dirty pages are written out steadily, so that a checkpoint does not find gigabytes of them.
  'vm.dirty_background_bytes = 67108864',
  'vm.dirty_bytes = 536870912',
  'vm.swappiness = 1',
];

const DISK_WAIT_SECONDS = 900;

// Azure's udev rules name a disk by its LUN. The first path is for NVMe controllers, the second for SCSI.
const DISK_DEVICES = [
  `/dev/disk/azure/data/by-lun/${DATA_DISK_LUN}`,
  `/dev/disk/azure/scsi1/lun${DATA_DISK_LUN}`,
];

// Waits for the data disk and mounts it. On later boots /etc/fstab may have done so already.
const DISK_UNIT = unitFile({
  Unit: ['Description=Data disk of the database', 'After=srv-tsdb.mount'],
  Service: [
    'Type=oneshot',
    'RemainAfterExit=yes',
    `TimeoutStartSec=${DISK_WAIT_SECONDS + 300}`,
    `ExecStart=${SCRIPT_FOLDER}/prepare-disk.sh ${DATA_PATHS.dataDisk} ${DISK_WAIT_SECONDS} ${DISK_DEVICES.join(' ')}`,
  ],
  Install: ['WantedBy=multi-user.target'],
});

const CONFIG = {
  ssh_pwauth: false,
  disable_root: true,
  package_update: true,
  packages: ['curl', 'docker.io', 'docker-compose-v2', 'iptables', 'jq', 'xfsprogs'],
  write_files: [
    text('/etc/docker/daemon.json', `${JSON.stringify(ENGINE)}\n`),
    text('/etc/sysctl.d/90-tsdb.conf', `${KERNEL.join('\n')}\n`),
    {
      path: `${SCRIPT_FOLDER}/prepare-disk.sh`,
      permissions: '0755',
      content: readFileSync(join(__dirname, 'boot', 'prepare-disk.sh'), 'utf8'),
    },
    text('/etc/systemd/system/tsdb-disk.service', DISK_UNIT),
  ],
  // Lists instead of strings, so that no shell runs them and nothing needs quotes.
  runcmd: [
    ['sysctl', '--system'],
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', 'tsdb-disk.service'],
    // The disk is attached after the machine is created; waiting for it here would delay the boot.
    ['systemctl', 'start', '--no-block', 'tsdb-disk.service'],
  ],
};

function text(path: string, content: string) {
  return { path, permissions: '0644', content };
}

// First boot of the database machine as a cloud-init document (pure but for reading the two scripts beside it).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { MachineSize } from '../core/machine-sizes';
import type { ImageFlavour } from '../core/pins';
import { databaseUnit, diskUnit } from './boot-units';
import { composeFile, YAML_OPTIONS } from './compose';
import { COMPOSE_PATH, SCRIPT_FOLDER } from './machine-layout';

/** The part of cloud-init's schema that this machine needs. */
export interface CloudConfig {
  readonly ssh_pwauth: boolean;
  readonly disable_root: boolean;
  readonly package_update: boolean;
  readonly packages: readonly string[];
  readonly write_files: readonly CloudFile[];
  /** Lists, not strings: no shell, hence no quoting. */
  readonly runcmd: readonly (readonly string[])[];
}

export interface CloudFile {
  readonly path: string;
  readonly permissions: '0644' | '0755';
  readonly content: string;
}

/** Azure's limit for custom_data, in bytes before base64. */
export const CUSTOM_DATA_LIMIT = 65_535;

/**
 * The document as text. Terraform ignores later edits of it (a change would replace the machine), so it holds
 * only what a machine needs to come up.
 * @throws RangeError when it outgrows what Azure accepts
 */
export function cloudInit(image: ImageFlavour, size: MachineSize): string {
  const text = `#cloud-config\n${stringify(cloudConfig(image, size), YAML_OPTIONS)}`;
  const bytes = Buffer.byteLength(text);
  if (bytes > CUSTOM_DATA_LIMIT)
    throw new RangeError(`cloud-init is ${bytes} bytes, Azure accepts ${CUSTOM_DATA_LIMIT}`);
  return text;
}

/** The same as data. */
export function cloudConfig(image: ImageFlavour, size: MachineSize): CloudConfig {
  return {
    ssh_pwauth: false,
    disable_root: true,
    package_update: true,
    packages: ['docker.io', 'docker-compose-v2', 'jq', 'xfsprogs'],
    write_files: [
      // live-restore keeps the database up while unattended upgrades restart Docker.
      text('/etc/docker/daemon.json', `${JSON.stringify({ 'live-restore': true, 'log-driver': 'local' })}\n`),
      text(COMPOSE_PATH, composeFile(image, size)),
      script('prepare-disk.sh'),
      script('prepare-folders.sh'),
      text('/etc/systemd/system/tsdb-disk.service', diskUnit()),
      text('/etc/systemd/system/tsdb.service', databaseUnit(image)),
    ],
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', 'tsdb-disk.service', 'tsdb.service'],
      // Without --no-block the boot would wait for a disk that is attached only after it.
      ['systemctl', 'start', '--no-block', 'tsdb.service'],
    ],
  };
}

function text(path: string, content: string): CloudFile {
  return { path, permissions: '0644', content };
}

function script(name: string): CloudFile {
  return {
    path: `${SCRIPT_FOLDER}/${name}`,
    permissions: '0755',
    content: readFileSync(join(__dirname, 'boot', name), 'utf8'),
  };
}

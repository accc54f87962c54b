// The Docker Compose file of the database machine (pure).

import { stringify } from 'yaml';
import { databaseContainer, READY_COMMAND } from '../core/database-container';
import type { MachineSize } from '../core/machine-sizes';
import { DATABASE } from '../core/names';
import type { ImageFlavour } from '../core/pins';
import { DATA_PATHS } from './machine-layout';

/** Quotes what readers of YAML 1.1, such as cloud-init, take for a number or a boolean: 0644, 10:20, off. */
export const YAML_OPTIONS = { version: '1.1', lineWidth: 0 } as const;

const PASSWORD_FILE = '/run/secrets/postgres-password';

/** Compose file for one database container of `size`, reachable on the machine's loopback address only. */
export function composeFile(image: ImageFlavour, size: MachineSize): string {
  const container = databaseContainer({ image, size, passwordFile: PASSWORD_FILE });
  const database = {
    image: container.image,
    command: [...container.args],
    user: `${image.uid}:${image.gid}`,
    environment: container.env,
    ports: [`127.0.0.1:${DATABASE.port}:${DATABASE.port}`],
    // Not "unless-stopped": at boot Docker would start the container by itself, before the data disk is mounted.
    restart: 'on-failure',
    stop_grace_period: '2m',
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    mem_limit: `${size.memoryMiB}m`,
    shm_size: `${container.sharedMemoryMiB}m`,
    tmpfs: container.scratch.map((folder) => `${folder}:size=256m,mode=1777`),
    volumes: [
      bind(DATA_PATHS.postgres, image.dataMount, 'writable'),
      bind(DATA_PATHS.passwordFile, PASSWORD_FILE, 'read-only'),
    ],
    healthcheck: {
      test: ['CMD', ...READY_COMMAND],
      interval: '10s',
      timeout: '5s',
      retries: 6,
      start_period: '10m',
    },
  };
  return stringify({ services: { timescaledb: database } }, YAML_OPTIONS);
}

function bind(source: string, target: string, access: 'writable' | 'read-only') {
  // Without create_host_path a missing source is an error, never a new empty folder on the system disk.
  return {
    type: 'bind',
    source,
    target,
    read_only: access === 'read-only',
    bind: { create_host_path: false },
  };
}

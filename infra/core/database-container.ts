// The database container as plain data, from which both the compose file and the StatefulSet are made.
import type { MachineSize } from './machine-sizes';
import { DATABASE } from './names';
import type { ImageFlavour } from './pins';
import { postgresSettings, serverArguments } from './postgres-settings';

export interface DatabaseContainerProps {
  readonly image: ImageFlavour;
  readonly size: MachineSize;
  /** Path, inside the container, of the file with the superuser's password. */
  readonly passwordFile: string;
}

/** The server that both deployments run. It reads the password from a file. */
export function databaseContainer({ image, size, passwordFile }: DatabaseContainerProps) {
  return {
    image: image.image,
    // Where a node has huge pages but the container may use none, the default "try" kills initdb with SIGBUS.
    args: serverArguments({ ...postgresSettings(size), huge_pages: 'off' }),
    env: {
      NO_TS_TUNE: 'true',
      PGDATA: image.pgdata,
      POSTGRES_DB: DATABASE.name,
      POSTGRES_INITDB_ARGS: '--data-checksums --auth-host=scram-sha-256 --set huge_pages=off',
      POSTGRES_PASSWORD_FILE: passwordFile,
      POSTGRES_USER: DATABASE.superuser,
    },
    // Folders outside the data that must be writable, while the root file system is read-only.
    scratch: ['/tmp', '/var/run/postgresql'],
    sharedMemoryMiB: sharedMemoryMiB(size),
  };
}

/** Size of /dev/shm, through which parallel queries share memory; a container's own 64 MiB break them. */
export function sharedMemoryMiB({ memoryMiB }: MachineSize): number {
  return Math.max(64, Math.floor(memoryMiB / 8));
}

/** Connects over TCP, because the temporary server of the first start, which listens only on its socket, is not ready. */
export const READY_COMMAND: readonly string[] = [
  'pg_isready',
  '--quiet',
  '--host=127.0.0.1',
  `--port=${DATABASE.port}`,
  `--username=${DATABASE.superuser}`,
  `--dbname=${DATABASE.name}`,
];

// The database in the compose file. It does not depend on the release: only a new image or setting replaces it.
import { databaseContainer, READY_COMMAND } from '../../../core/database-container';
import { DATABASE } from '../../../core/names';
import { serverArguments } from '../../../core/postgres-settings';
import { hasRepository, type ReleaseProps } from '../release-props';
import { bind, HARDENED, onDisk, secret } from './service-parts';

const PASSWORD_FILE = '/run/secrets/postgres';
const SPOOL = '/var/spool/pgbackrest';

/** One database, which the other containers reach, and which also listens on the machine's loopback address. */
export function databaseService(props: ReleaseProps) {
  const { image, size } = props;
  const container = databaseContainer({ image, size, passwordFile: PASSWORD_FILE });
  const repository = hasRepository(props) ? repositoryOf(props) : undefined;
  return {
    ...HARDENED,
    image: container.image,
    command: [...container.args, ...(repository?.args ?? [])],
    user: `${image.uid}:${image.gid}`,
    environment: { ...container.env, ...repository?.env },
    ports: [`127.0.0.1:${DATABASE.port}:${DATABASE.port}`],
    networks: ['data', 'outside'],
    stop_grace_period: '2m',
    mem_limit: `${size.memoryMiB}m`,
    shm_size: `${container.sharedMemoryMiB}m`,
    tmpfs: container.scratch.map((folder) => `${folder}:size=256m,mode=1777`),
    volumes: [
      bind(onDisk('postgres'), image.dataMount, 'writable'),
      secret('postgres', PASSWORD_FILE),
      ...(repository?.volumes ?? []),
    ],
    healthcheck: {
      test: ['CMD', ...READY_COMMAND],
      interval: '5s',
      timeout: '5s',
      retries: 6,
      start_period: '10m',
    },
  };
}

// Account, container and cipher are not known here; the machine writes them into the mounted file.
function repositoryOf({ image, backups }: ReleaseProps) {
  return {
    args: serverArguments({
      archive_command: 'pgbackrest --stanza=main archive-push %p',
      archive_mode: 'on',
      archive_timeout: '60s', // at most this much is lost with a disk
    }),
    env: {
      PGBACKREST_ARCHIVE_ASYNC: 'y',
      PGBACKREST_COMPRESS_TYPE: 'zst',
      PGBACKREST_LOCK_PATH: '/tmp/pgbackrest',
      PGBACKREST_LOG_LEVEL_CONSOLE: 'info',
      PGBACKREST_LOG_LEVEL_FILE: 'off',
      PGBACKREST_PG1_PATH: image.pgdata,
      PGBACKREST_PROCESS_MAX: '2',
      PGBACKREST_REPO1_BLOCK: 'y',
      PGBACKREST_REPO1_BUNDLE: 'y',
      PGBACKREST_REPO1_RETENTION_DIFF: String(backups.keepDiff),
      PGBACKREST_REPO1_RETENTION_FULL: String(backups.keepFull),
      PGBACKREST_SPOOL_PATH: SPOOL,
      PGBACKREST_STANZA: 'main',
      PGBACKREST_START_FAST: 'y',
    },
    volumes: [
      bind(onDisk('spool'), SPOOL, 'writable'),
      secret('pgbackrest.conf', '/etc/pgbackrest/conf.d/repository.conf'),
    ],
  };
}

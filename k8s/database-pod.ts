// The pod of the database (pure): the same server that the Azure machine runs, described for Kubernetes.
import type { DeployConfig } from '../infra/core/config';
import { databaseContainer, READY_COMMAND } from '../infra/core/database-container';
import { DATABASE } from '../infra/core/names';
import { passwordKeeper } from './keep-password';
import type { SecretKey } from './password';
import { PASSWORD_FILE, passwordMount, passwordVolume } from './password-file';
import { CONTAINER_SECURITY, environment, podIdentity, resources } from './pod-parts';
import { quantityOf } from './quantity';

export interface DatabasePodProps {
  readonly config: DeployConfig;
  readonly serviceAccount: string;
  readonly password: SecretKey;
  readonly claimName: string;
}

/** In seconds: limit for the checkpoint before the server is told to stop, and for both together. */
const CHECKPOINT_LIMIT = 60;
const STOP_LIMIT = 180;

/** In MiB: the size of each folder outside the data. The server writes its socket there; its own temporary files are on the volume. */
export const SCRATCH_MIB = 256;

/** In minutes: recovery after a crash may replay gigabytes of write-ahead log. */
export const START_LIMIT = 30;
const START_PERIOD = 5;

/** One server on one volume. */
export function databasePod({ config, serviceAccount, password, claimName }: DatabasePodProps) {
  const { image, kubernetes } = config;
  const container = databaseContainer({ image, size: kubernetes.database, passwordFile: PASSWORD_FILE });
  const scratch = container.scratch.map((mountPath, index) => ({ name: `scratch-${index}`, mountPath }));
  return {
    ...podIdentity(serviceAccount, image),
    // The stop signal of the image requests a fast shutdown, which still writes a checkpoint.
    terminationGracePeriodSeconds: STOP_LIMIT,
    container: [
      {
        name: 'timescaledb',
        image: container.image,
        args: [...container.args],
        env: environment(container.env),
        port: [{ name: 'postgres', containerPort: DATABASE.port }],
        resources: resources(
          String(kubernetes.database.cpus),
          kubernetes.database.memoryMiB,
          scratch.length * SCRATCH_MIB,
        ),
        securityContext: CONTAINER_SECURITY,
        ...probes(),
        lifecycle: { preStop: [{ exec: { command: CHECKPOINT } }] },
        volumeMount: [
          { name: 'data', mountPath: image.dataMount },
          passwordMount('superuser'),
          { name: 'shared-memory', mountPath: '/dev/shm' },
          ...scratch,
        ],
      },
      passwordKeeper(config, scratch),
    ],
    volume: [
      { name: 'data', persistentVolumeClaim: { claimName } },
      passwordVolume('superuser', password),
      {
        name: 'shared-memory',
        emptyDir: { medium: 'Memory', sizeLimit: quantityOf(container.sharedMemoryMiB) },
      },
      ...scratch.map(({ name }) => ({ name, emptyDir: { sizeLimit: quantityOf(SCRATCH_MIB) } })),
    ],
  };
}

// A checkpoint while clients are still served leaves less to write during the shutdown, when none are. The socket asks
// for no password, and a server that does not answer in time is stopped anyway.
const CHECKPOINT = [
  'timeout',
  String(CHECKPOINT_LIMIT),
  'psql',
  '--no-psqlrc',
  '--quiet',
  `--username=${DATABASE.superuser}`,
  '--dbname=postgres',
  '--command=CHECKPOINT',
];

function probes() {
  const ready = [...READY_COMMAND];
  // 1 means "rejecting connections": the server is recovering or shutting down, and a restart would only prolong that.
  const alive = ['sh', '-c', `${READY_COMMAND.join(' ')}; [ $? -le 1 ]`];
  return {
    startupProbe: {
      exec: { command: ready },
      periodSeconds: START_PERIOD,
      timeoutSeconds: 5,
      failureThreshold: (START_LIMIT * 60) / START_PERIOD,
    },
    readinessProbe: { exec: { command: ready }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    livenessProbe: { exec: { command: alive }, periodSeconds: 20, timeoutSeconds: 10, failureThreshold: 6 },
  };
}

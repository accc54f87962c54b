// Dumps the database on a schedule, onto a separate volume.
import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { kubernetesLabels } from '../infra/core/names';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';
import { storageClassOf } from './storage-class';

export interface BackupProps extends AppProps {
  /** The schema Job. It creates the backup login, and before it there is nothing to dump. */
  readonly after: readonly ITerraformDependable[];
}

/** Where the volume is mounted in the container. */
export const BACKUP_MOUNT = '/backups';

/** pg_dump keeps the description of every table in memory, and every chunk is a table. */
export const BACKUP_MEMORY_MIB = 512;

const COMPONENT = 'backup';

/** For a suspended CronJob, whose runs start only with `kubectl create job --from=cronjob/…`. */
const NEVER = '0 0 1 1 *';

/**
 * Runs `tsdb backup` with the backup login. Each dump is read back and gets a manifest, and dumps older than `backupKeep`
 * days are deleted once a new one is complete. This part is always there: without a schedule, the CronJob is suspended,
 * but its volume stays, because removing the claim would remove the dumps on it.
 */
export class Backup extends Construct {
  /** Reference to the name of the claim. */
  readonly claim: string;

  constructor(scope: Construct, id: string, props: BackupProps) {
    super(scope, id);
    const { config, namespace } = props;
    const { backupGiB, backupKeep, backupSchedule } = config.kubernetes;
    const claim = new PersistentVolumeClaimV1(this, 'volume', {
      metadata: {
        name: `${config.name}-backups`,
        namespace,
        labels: kubernetesLabels(config, COMPONENT),
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: `${backupGiB}Gi` } },
        ...storageClassOf(config),
      },
      // Most storage classes bind a volume when its first pod is scheduled, which is at the first backup.
      waitUntilBound: false,
      lifecycle: { preventDestroy: config.protectData },
    });
    this.claim = claim.metadata.name;
    addAppCronJob(this, 'job', {
      ...props,
      component: COMPONENT,
      login: 'backup',
      // Not the top folder of the volume, which belongs to root and may contain `lost+found`.
      args: ['backup', '--out', `${BACKUP_MOUNT}/dumps`, '--keep-days', String(backupKeep)],
      schedule: backupSchedule === '' ? NEVER : backupSchedule,
      suspend: backupSchedule === '',
      startWithinSeconds: 4 * HOUR,
      deadlineSeconds: 12 * HOUR,
      extras: {
        volumeMount: [{ name: 'backups', mountPath: BACKUP_MOUNT }],
        memoryMiB: BACKUP_MEMORY_MIB,
      },
      volume: [{ name: 'backups', persistentVolumeClaim: { claimName: this.claim } }],
      history: { successful: 3, failed: 3 },
    });
  }
}

const HOUR = 3600;

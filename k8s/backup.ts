// Dumps by the clock, onto a volume of their own.
import { PersistentVolumeClaimV1 } from '@cdktf/provider-kubernetes/lib/persistent-volume-claim-v1';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { kubernetesLabels } from '../infra/core/names';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';
import { storageClassOf } from './storage-class';

export interface BackupProps extends AppProps {
  /** The schema Job: it makes the login, and there is nothing to dump before it. */
  readonly after: readonly ITerraformDependable[];
}

/** Where the container sees the volume. */
export const BACKUP_MOUNT = '/backups';

/** pg_dump holds what it knows of each table in memory, and each chunk is one. */
export const BACKUP_MEMORY_MIB = 512;

const COMPONENT = 'backup';

/** For a CronJob that does nothing by the clock: runs start with `kubectl create job --from=cronjob/…`. */
const NEVER = '0 0 1 1 *';

/**
 * `tsdb backup` as the backup login: each dump is read back and has a manifest, and those older than `backupKeep` days
 * go once a new one is whole. Always wired: without a schedule the CronJob is suspended but its volume stays, for
 * taking away the claim would take away the dumps that are on it.
 */
export class Backup extends Construct {
  /** Name of the claim, as a reference. */
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
      // Most classes bind a volume when its first pod is placed, which is the first night.
      waitUntilBound: false,
      lifecycle: { preventDestroy: config.protectData },
    });
    this.claim = claim.metadata.name;
    addAppCronJob(this, 'job', {
      ...props,
      component: COMPONENT,
      login: 'backup',
      // A folder below the root of the volume, which belongs to root and may hold `lost+found`.
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

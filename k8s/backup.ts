// Dumps the database on a schedule, onto a separate volume.
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';
import { addClaim } from './storage';

const MOUNT = '/backups';
const HOUR = 3600;

/** pg_dump keeps the description of every table in memory, and every chunk is a table. */
export const BACKUP_MEMORY_MIB = 512;

/**
 * Runs `tsdb backup` with the backup login. Each dump is read back and gets a manifest, and dumps older than `backupKeep`
 * days are deleted once a new one is complete. This part is always there: without a schedule, the CronJob is suspended,
 * but its volume stays, because removing the claim would remove the dumps on it.
 * @param after the schema Job. It creates the backup login, and before it there is nothing to dump.
 */
export function addBackup(stack: Construct, app: AppProps, after: ITerraformDependable): void {
  const scope = new Construct(stack, 'backup');
  const { backupGiB, backupKeep, backupSchedule } = app.config.kubernetes;
  const claim = addClaim(scope, app, {
    id: 'volume',
    component: 'backup',
    suffix: '-backups',
    sizeGiB: backupGiB,
  });
  addAppCronJob(scope, app, {
    name: 'backup',
    login: 'backup',
    // Not the top folder of the volume, which belongs to root and may contain `lost+found`.
    args: ['backup', '--out', `${MOUNT}/dumps`, '--keep-days', String(backupKeep)],
    schedule: backupSchedule,
    startWithinSeconds: 4 * HOUR,
    deadlineSeconds: 12 * HOUR,
    volumeMount: [{ name: 'backups', mountPath: MOUNT }],
    memoryMiB: BACKUP_MEMORY_MIB,
    volume: [{ name: 'backups', persistentVolumeClaim: { claimName: claim.metadata.name } }],
    keepSuccessful: 3,
    after,
  });
}

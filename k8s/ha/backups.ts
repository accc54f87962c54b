// Point-in-time recovery: where base backups and write-ahead log go, and how often a base backup is made.
import type { DeployConfig } from '../../infra/core/config';
import { resources } from '../pod-parts';
import type { OperatorObject } from './manifest';
import { BACKUP_PLUGIN, haNames, OPERATOR_API, STORE_API } from './names';

/** The plugin's `ObjectStore`. */
export function objectStore(config: DeployConfig): OperatorObject {
  const { backupDays, backupEndpoint } = config.ha;
  const plugin = resources('50m', 512, 0);
  return {
    id: 'store',
    component: 'backup',
    name: haNames(config).store,
    apiVersion: STORE_API,
    kind: 'ObjectStore',
    spec: {
      retentionPolicy: `${backupDays}d`,
      configuration: {
        destinationPath: config.kubernetes.haBackupUrl,
        ...(backupEndpoint === '' ? {} : { endpointURL: backupEndpoint }),
        ...credentials(config),
        wal: { compression: 'gzip', maxParallel: 4 },
        data: { compression: 'gzip', jobs: 2, immediateCheckpoint: false },
      },
      // The plugin runs beside each instance, and a namespace with a quota admits only pods with requests and limits.
      instanceSidecarConfiguration: {
        resources: {
          requests: { ...plugin.requests, memory: '256Mi' },
          limits: plugin.limits,
        },
      },
    },
  };
}

/** A base backup each night, from a standby. The first is made at once: without one, the log cannot be restored. */
export function nightlyBackup(config: DeployConfig): OperatorObject {
  const { cluster } = haNames(config);
  return {
    id: 'nightly',
    component: 'backup',
    name: `${cluster}-nightly`,
    apiVersion: OPERATOR_API,
    kind: 'ScheduledBackup',
    spec: {
      // Six fields in UTC, the first of which is seconds.
      schedule: '0 47 1 * * *',
      immediate: true,
      backupOwnerReference: 'cluster',
      cluster: { name: cluster },
      method: 'plugin',
      pluginConfiguration: { name: BACKUP_PLUGIN },
      target: 'prefer-standby',
    },
  };
}

// The Secret uses the key names of the plugin's manual.
function credentials({ kubernetes, ha }: DeployConfig) {
  const key = (name: string) => ({ name: ha.backupSecret, key: name });
  const hasSecret = ha.backupSecret !== '';
  switch (kubernetes.haBackupUrl.split(':')[0]) {
    case 's3':
      return {
        s3Credentials: hasSecret
          ? { accessKeyId: key('ACCESS_KEY_ID'), secretAccessKey: key('ACCESS_SECRET_KEY') }
          : { inheritFromIAMRole: true },
      };
    case 'gs':
      return { googleCredentials: { applicationCredentials: key('gcsCredentials') } };
    default:
      return {
        azureCredentials: hasSecret
          ? { storageAccount: key('AZURE_STORAGE_ACCOUNT'), storageSasToken: key('AZURE_STORAGE_SAS_TOKEN') }
          : { inheritFromAzureAD: true },
      };
  }
}

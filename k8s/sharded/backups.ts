// Point-in-time recovery: where base backups and write-ahead log of coordinator and shards go.
import type { DeployConfig } from '../../infra/core/config';
import type { OperatorObject } from '../ha/manifest';
import { STORE_API, shardedNames } from './names';

/** The operator's `SGObjectStorage`. */
export function objectStorage(config: DeployConfig): OperatorObject {
  return {
    id: 'store',
    component: 'backup',
    name: shardedNames(config).store,
    apiVersion: STORE_API,
    kind: 'SGObjectStorage',
    spec: storeOf(config),
  };
}

/** Five fields of cron in UTC: a base backup of every node each night. */
const NIGHTLY = '47 1 * * *';

/** For `configurations.backups`. The operator chooses folders and writes their names into it. */
export function backupConfiguration(config: DeployConfig) {
  const { backupUrl, backupKeep } = config.sharded;
  if (backupUrl === '') return {};
  const store = {
    sgObjectStorage: shardedNames(config).store,
    cronSchedule: NIGHTLY,
    retention: backupKeep,
    compression: 'lz4',
  };
  return { backups: [store] };
}

// The keys of the Secret have the same names as those of the stack kubernetes-ha, where both stores know them.
function storeOf({ sharded }: DeployConfig) {
  const { backupUrl, backupEndpoint, backupSecret } = sharded;
  const key = (name: string) => ({ name: backupSecret, key: name });
  const [protocol = '', bucket = ''] = backupUrl.split('://');
  const awsCredentials = {
    secretKeySelectors: {
      accessKeyId: key('ACCESS_KEY_ID'),
      secretAccessKey: key('ACCESS_SECRET_KEY'),
    },
  };
  switch (protocol) {
    case 'gs':
      return {
        type: 'gcs',
        gcs: {
          bucket,
          gcpCredentials: { secretKeySelectors: { serviceAccountJSON: key('gcsCredentials') } },
        },
      };
    case 'azure':
      return {
        type: 'azureBlob',
        azureBlob: {
          bucket,
          azureCredentials: {
            secretKeySelectors: {
              storageAccount: key('AZURE_STORAGE_ACCOUNT'),
              accessKey: key('AZURE_STORAGE_KEY'),
            },
          },
        },
      };
    default:
      return backupEndpoint === ''
        ? { type: 's3', s3: { bucket, awsCredentials } }
        : {
            type: 's3Compatible',
            s3Compatible: {
              bucket,
              endpoint: backupEndpoint,
              enablePathStyleAddressing: true,
              awsCredentials,
            },
          };
  }
}

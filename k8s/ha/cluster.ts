// The replicating database: a primary and its standbys, each on a separate node.
import type { DeployConfig } from '../../infra/core/config';
import { sharedMemoryMiB } from '../../infra/core/database-container';
import { DATABASE } from '../../infra/core/names';
import { resources } from '../pod-parts';
import { quantityOf } from '../quantity';
import { storageClassName } from '../storage';
import type { OperatorObject } from './manifest';
import { BACKUP_PLUGIN, haNames, OPERATOR_API } from './names';
import { PRELOADED, postgresParameters } from './postgres-parameters';
import { TEMPORARY_MIB } from './sizes';

/** Tells the operator which PostgreSQL is in the image: it cannot read that from the tags of TimescaleDB images. */
export function imageCatalog(config: DeployConfig): OperatorObject {
  return {
    id: 'images',
    component: 'database',
    name: haNames(config).images,
    apiVersion: OPERATOR_API,
    kind: 'ImageCatalog',
    spec: { images: [{ major: config.ha.postgresMajor, image: config.kubernetes.haImage }] },
  };
}

/** The operator's `Cluster`, from which it makes pods, volumes, services and certificates. */
export function databaseCluster(config: DeployConfig): OperatorObject {
  const { kubernetes, ha } = config;
  const names = haNames(config);
  return {
    id: 'cluster',
    component: 'database',
    name: names.cluster,
    apiVersion: OPERATOR_API,
    kind: 'Cluster',
    spec: {
      instances: kubernetes.haInstances,
      imageCatalogRef: {
        apiGroup: 'postgresql.cnpg.io',
        kind: 'ImageCatalog',
        name: names.images,
        major: ha.postgresMajor,
      },
      postgresUID: ha.uid,
      postgresGID: ha.uid,
      inheritedMetadata: { labels: podLabels(config) },
      ...identity(config),
      enableSuperuserAccess: true,
      superuserSecret: { name: names.superuserSecret },
      storage: volume(config, config.diskGiB),
      walStorage: volume(config, ha.walGiB),
      resources: resources(String(kubernetes.database.cpus), kubernetes.database.memoryMiB, TEMPORARY_MIB),
      ephemeralVolumesSizeLimit: {
        shm: quantityOf(sharedMemoryMiB(kubernetes.database)),
        temporaryData: quantityOf(TEMPORARY_MIB),
      },
      postgresql: {
        shared_preload_libraries: PRELOADED,
        parameters: postgresParameters(config),
        // A commit waits for one standby, so that a failover loses nothing. Without any standby, writes continue.
        synchronous: { method: 'any', number: 1, dataDurability: 'preferred' },
      },
      ...start(config),
      ...backups(config),
      affinity: {
        enablePodAntiAffinity: true,
        podAntiAffinityType: 'required',
        topologyKey: 'kubernetes.io/hostname',
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'topology.kubernetes.io/zone',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: names.pods },
        },
      ],
      primaryUpdateStrategy: 'unsupervised',
      primaryUpdateMethod: 'switchover',
      enablePDB: true,
    },
  };
}

function volume(config: DeployConfig, sizeGiB: number) {
  const storageClass = storageClassName(config);
  return {
    size: quantityOf(sizeGiB * 1024),
    resizeInUseVolumes: true,
    ...(storageClass === '' ? {} : { storageClass }),
  };
}

// The cloud identity that pods use to write backups.
function identity({ ha, kubernetes }: DeployConfig) {
  if (ha.backupIdentity === '') return {};
  const annotation = kubernetes.haBackupUrl.startsWith('s3:')
    ? 'eks.amazonaws.com/role-arn'
    : 'azure.workload.identity/client-id';
  return { serviceAccountTemplate: { metadata: { annotations: { [annotation]: ha.backupIdentity } } } };
}

// In addition to the labels by which the operator selects its pods.
function podLabels({ name, ha, kubernetes }: DeployConfig): Readonly<Record<string, string>> {
  const asAzureIdentity = ha.backupIdentity !== '' && kubernetes.haBackupUrl.startsWith('https:');
  return {
    'app.kubernetes.io/part-of': name,
    ...(asAzureIdentity ? { 'azure.workload.identity/use': 'true' } : {}),
  };
}

const ORIGIN = 'origin';

// Used only when the cluster is created: an empty database, or one from the backups of another cluster.
function start(config: DeployConfig) {
  const { restoreFrom, restoreTime } = config.ha;
  const database = { database: DATABASE.name, owner: DATABASE.name };
  if (restoreFrom === '')
    return {
      bootstrap: {
        initdb: {
          ...database,
          dataChecksums: true,
          encoding: 'UTF8',
          localeCollate: 'C.UTF-8',
          localeCType: 'C.UTF-8',
          // Not in the template database: TimescaleDB's scheduler would stay connected to it, so it could not be copied.
          postInitApplicationSQL: ['CREATE EXTENSION IF NOT EXISTS timescaledb'],
        },
      },
    };
  return {
    bootstrap: {
      recovery: {
        source: ORIGIN,
        ...database,
        ...(restoreTime === '' ? {} : { recoveryTarget: { targetTime: restoreTime } }),
      },
    },
    externalClusters: [
      {
        name: ORIGIN,
        plugin: {
          name: BACKUP_PLUGIN,
          parameters: { barmanObjectName: haNames(config).store, serverName: restoreFrom },
        },
      },
    ],
  };
}

function backups(config: DeployConfig) {
  if (config.kubernetes.haBackupUrl === '') return {};
  const { store, server } = haNames(config);
  return {
    plugins: [
      {
        name: BACKUP_PLUGIN,
        isWALArchiver: true,
        parameters: { barmanObjectName: store, serverName: server },
      },
    ],
  };
}

// The fields of the operator's kinds that our objects use, with their types: CloudNativePG 1.30.0 and its plugin Barman
// Cloud 0.14.0. A field that is not listed here has to be looked up there first.

/** Path below `spec` (`[]` = each entry of a list) -> type, or the values that are allowed. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

const SPREAD: Fields = {
  'topologySpreadConstraints[].labelSelector.matchLabels': 'texts',
  'topologySpreadConstraints[].maxSkew': 'number',
  'topologySpreadConstraints[].topologyKey': 'string',
  'topologySpreadConstraints[].whenUnsatisfiable': ['DoNotSchedule', 'ScheduleAnyway'],
};

const CLUSTER: Fields = {
  'affinity.enablePodAntiAffinity': 'boolean',
  'affinity.podAntiAffinityType': ['preferred', 'required'],
  'affinity.topologyKey': 'string',
  'bootstrap.initdb.dataChecksums': 'boolean',
  'bootstrap.initdb.database': 'string',
  'bootstrap.initdb.encoding': 'string',
  'bootstrap.initdb.localeCType': 'string',
  'bootstrap.initdb.localeCollate': 'string',
  'bootstrap.initdb.owner': 'string',
  'bootstrap.initdb.postInitApplicationSQL[]': 'string',
  'bootstrap.recovery.database': 'string',
  'bootstrap.recovery.owner': 'string',
  'bootstrap.recovery.recoveryTarget.targetTime': 'string',
  'bootstrap.recovery.source': 'string',
  enablePDB: 'boolean',
  enableSuperuserAccess: 'boolean',
  'ephemeralVolumesSizeLimit.shm': 'quantity',
  'ephemeralVolumesSizeLimit.temporaryData': 'quantity',
  'externalClusters[].name': 'string',
  'externalClusters[].plugin.name': 'string',
  'externalClusters[].plugin.parameters': 'texts',
  'imageCatalogRef.apiGroup': 'string',
  'imageCatalogRef.kind': ['ImageCatalog', 'ClusterImageCatalog'],
  'imageCatalogRef.major': 'number',
  'imageCatalogRef.name': 'string',
  'inheritedMetadata.labels': 'texts',
  instances: 'number',
  'plugins[].isWALArchiver': 'boolean',
  'plugins[].name': 'string',
  'plugins[].parameters': 'texts',
  postgresGID: 'number',
  postgresUID: 'number',
  'postgresql.parameters': 'texts',
  'postgresql.shared_preload_libraries[]': 'string',
  'postgresql.synchronous.dataDurability': ['required', 'preferred'],
  'postgresql.synchronous.method': ['any', 'first'],
  'postgresql.synchronous.number': 'number',
  primaryUpdateMethod: ['switchover', 'restart'],
  primaryUpdateStrategy: ['unsupervised', 'supervised'],
  'resources.limits': 'quantities',
  'resources.requests': 'quantities',
  'serviceAccountTemplate.metadata.annotations': 'texts',
  'storage.resizeInUseVolumes': 'boolean',
  'storage.size': 'quantity',
  'storage.storageClass': 'string',
  'superuserSecret.name': 'string',
  ...SPREAD,
  'walStorage.resizeInUseVolumes': 'boolean',
  'walStorage.size': 'quantity',
  'walStorage.storageClass': 'string',
};

const POOLER: Fields = {
  'cluster.name': 'string',
  instances: 'number',
  'pgbouncer.parameters': 'texts',
  'pgbouncer.poolMode': ['session', 'transaction'],
  'template.metadata.labels': 'texts',
  // The operator looks for the container under this name.
  'template.spec.containers[].image': 'string',
  'template.spec.containers[].name': ['pgbouncer'],
  'template.spec.containers[].resources.limits': 'quantities',
  'template.spec.containers[].resources.requests': 'quantities',
  ...Object.fromEntries(Object.entries(SPREAD).map(([path, type]) => [`template.spec.${path}`, type])),
  type: ['rw', 'ro', 'r'],
};

const OBJECT_STORE: Fields = {
  'configuration.azureCredentials.inheritFromAzureAD': 'boolean',
  'configuration.azureCredentials.storageAccount.key': 'string',
  'configuration.azureCredentials.storageAccount.name': 'string',
  'configuration.azureCredentials.storageSasToken.key': 'string',
  'configuration.azureCredentials.storageSasToken.name': 'string',
  'configuration.data.compression': ['bzip2', 'gzip', 'lz4', 'snappy'],
  'configuration.data.immediateCheckpoint': 'boolean',
  'configuration.data.jobs': 'number',
  'configuration.destinationPath': 'string',
  'configuration.endpointURL': 'string',
  'configuration.googleCredentials.applicationCredentials.key': 'string',
  'configuration.googleCredentials.applicationCredentials.name': 'string',
  'configuration.s3Credentials.accessKeyId.key': 'string',
  'configuration.s3Credentials.accessKeyId.name': 'string',
  'configuration.s3Credentials.inheritFromIAMRole': 'boolean',
  'configuration.s3Credentials.secretAccessKey.key': 'string',
  'configuration.s3Credentials.secretAccessKey.name': 'string',
  'configuration.wal.compression': ['bzip2', 'gzip', 'lz4', 'snappy', 'xz', 'zstd'],
  'configuration.wal.maxParallel': 'number',
  'instanceSidecarConfiguration.resources.limits': 'quantities',
  'instanceSidecarConfiguration.resources.requests': 'quantities',
  retentionPolicy: 'string',
};

const SCHEDULED_BACKUP: Fields = {
  backupOwnerReference: ['none', 'self', 'cluster'],
  'cluster.name': 'string',
  immediate: 'boolean',
  // The third one, `barmanObjectStore`, ends with the operator's version 1.31.
  method: ['plugin', 'volumeSnapshot'],
  'pluginConfiguration.name': 'string',
  schedule: 'string',
  target: ['primary', 'prefer-standby'],
};

export const OPERATOR_FIELDS: Readonly<Record<string, Fields>> = {
  'postgresql.cnpg.io/v1 Cluster': CLUSTER,
  'postgresql.cnpg.io/v1 ImageCatalog': { 'images[].image': 'string', 'images[].major': 'number' },
  'postgresql.cnpg.io/v1 Pooler': POOLER,
  'postgresql.cnpg.io/v1 ScheduledBackup': SCHEDULED_BACKUP,
  'barmancloud.cnpg.io/v1 ObjectStore': OBJECT_STORE,
};

/** Parameters that the operator sets itself; it refuses a cluster that gives them another value. */
export const REFUSED_PARAMETERS: readonly RegExp[] = [
  /^(allow_system_table_mods|cluster_name|config_file|data_directory|data_sync_retry|event_source)$/,
  /^(external_pid_file|hba_file|hot_standby|ident_file|jit_provider|listen_addresses|logging_collector)$/,
  /^(port|primary_conninfo|primary_slot_name|promote_trigger_file|recovery_end_command)$/,
  /^(recovery_min_apply_delay|restart_after_crash|restore_command|shared_preload_libraries)$/,
  /^(stats_temp_directory|synchronized_standby_slots|synchronous_standby_names|temp_tablespaces)$/,
  /^(archive_cleanup_command|archive_command|archive_mode|bonjour|bonjour_name|log_destination)$/,
  /^(log_directory|log_file_mode|log_filename|log_rotation_age|log_rotation_size|log_truncate_on_rotation)$/,
  /^(recovery_target|ssl$|ssl_(c|k|d|e|p)|syslog_|unix_socket_|pg_failover_slots\.)/,
];

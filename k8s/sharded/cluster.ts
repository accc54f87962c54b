// The sharded database: a coordinator and shards, each a primary with its standbys.
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import type { OperatorObject } from '../ha/manifest';
import { SUPERUSER } from '../ha/superuser-secret';
import { quantityOf } from '../quantity';
import { storageClassName } from '../storage';
import { backupConfiguration } from './backups';
import { type NodeKind, parametersName, profileName, SHARDED_API, shardedNames } from './names';
import { nodeSize, SERVER_DISK_MIB } from './nodes';

/** The operator's `SGShardedCluster`, from which it makes pods, volumes, services and the nodes of Citus. */
export function shardedCluster(config: DeployConfig): OperatorObject {
  const { sharded } = config;
  const names = shardedNames(config);
  const superuser = (key: string) => ({ name: names.superuserSecret, key });
  return {
    id: 'cluster',
    component: 'database',
    name: names.cluster,
    apiVersion: SHARDED_API,
    kind: 'SGShardedCluster',
    spec: {
      // No instance shares its node with another, and every container has requests and limits.
      profile: 'production',
      type: 'citus',
      database: DATABASE.name,
      // The operator brings Citus and its columnar tables in the version that goes with this one.
      postgres: { version: sharded.postgresVersion, ssl: { enabled: true } },
      // A commit waits for one standby, so that a failover loses nothing. Without any standby, writes continue.
      replication: { mode: 'sync', syncInstances: 1 },
      configurations: {
        ...backupConfiguration(config),
        credentials: {
          users: {
            superuser: { username: superuser(SUPERUSER.name), password: superuser(SUPERUSER.password) },
          },
        },
        // Nothing collects what the exporters would tell.
        observability: { disableMetrics: true },
      },
      coordinator: { instances: sharded.instances, ...node(config, 'coordinator', names.coordinatorPods) },
      shards: {
        clusters: sharded.shards,
        instancesPerCluster: sharded.instances,
        ...node(config, 'shard', names.shardPods),
      },
    },
  };
}

function node(config: DeployConfig, kind: NodeKind, pods: Readonly<Record<string, string>>) {
  const storageClass = storageClassName(config);
  const disk = { 'ephemeral-storage': quantityOf(SERVER_DISK_MIB) };
  return {
    sgInstanceProfile: profileName(config, kind),
    configurations: { sgPostgresConfig: parametersName(config, kind) },
    replication: { mode: 'sync', syncInstances: 1 },
    metadata: { labels: { clusterPods: { ...pods, 'app.kubernetes.io/part-of': config.name } } },
    // Sizes follow the settings and not the load. The operator's default needs one more operator.
    autoscaling: { mode: 'none' },
    pods: {
      persistentVolume: {
        size: quantityOf(nodeSize(config, kind).diskGiB * 1024),
        ...(storageClass === '' ? {} : { storageClass }),
      },
      // Port 5432 then leads to the server itself. The reconciler holds locks of its session over several transactions.
      disableConnectionPooling: true,
      disableEnvoy: true,
      resources: {
        // The figures of the profile are those of the server alone, and the containers beside it have limits, too.
        disableResourcesRequestsSplitFromTotal: true,
        enableClusterLimitsRequirements: true,
        containers: { patroni: { requests: disk, limits: disk } },
      },
      // Another size is in use when the deployment ends, and not after the next restart by hand.
      updateStrategy: { type: 'Always', method: 'InPlace' },
    },
  };
}

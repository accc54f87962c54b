// Wires the sharded database: namespace with its rules, password, sizes and settings of the nodes, cluster, backups.
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../../infra/core/base-stack';
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import { type AksReference, addClusterProvider } from '../cluster-provider';
import { addOperatorObject } from '../ha/manifest';
import { addSuperuserSecret } from '../ha/superuser-secret';
import { addLimits, startAfter } from '../limits';
import type { Place } from '../metadata';
import { addNamespace } from '../namespace';
import { addRolloutOutput, RolloutCheck } from '../rollout';
import { addStorageClass } from '../storage';
import { objectStorage } from './backups';
import { shardedCluster } from './cluster';
import { type NodeKind, shardedNames } from './names';
import { addShardedNetwork } from './network';
import { parameters } from './parameters';
import { instanceProfile } from './profile';

export interface KubernetesShardedStackProps {
  readonly config: DeployConfig;
  /** The cluster to deploy into, when stack `aks` makes it. */
  readonly aks?: AksReference | undefined;
}

/** In minutes: the instances of a node are made, or restarted, one after the other, and fetch Citus first. */
const CLUSTER_LIMIT = 60;

const KINDS: readonly NodeKind[] = ['coordinator', 'shard'];

/** The operator adds annotations, and in sizes and settings what it adds for itself. */
const BY_OPERATOR = ['metadata.labels', 'metadata.annotations'];

/** A separate stack for the same reasons as `KubernetesHaStack`. */
export class KubernetesShardedStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, aks }: KubernetesShardedStackProps) {
    super(scope, id, { config, tags: {} });
    addClusterProvider(this, config, aks);
    // The operator's pods run without root and without privileges, but do not give up all that "restricted" asks for.
    const place = { config, namespace: addNamespace(this, config, { enforce: 'baseline' }) };
    // The operator does not change the superuser's password in the database, so it stays as it is.
    const { superuserSecret, cluster: name } = shardedNames(config);
    const secret = addSuperuserSecret(this, place, { name: superuserSecret, version: 1 });
    const policies = addShardedNetwork(this, place);
    const classes = addStorageClass(this, config);
    const hasBackups = config.sharded.backupUrl !== '';
    const store = hasBackups ? [addOperatorObject(this, place, objectStorage(config))] : [];

    const cluster = addOperatorObject(this, place, {
      ...shardedCluster(config),
      after: [secret, ...policies, ...classes, ...store, ...this.addNodes(place)],
    });
    // The volumes belong to the cluster: deleting it deletes every copy except those in the object store.
    cluster.lifecycle = { preventDestroy: config.protectData };
    cluster.computedFields = [...BY_OPERATOR, ...(hasBackups ? ['spec.configurations.backups'] : [])];
    cluster.putTimeouts({ delete: '15m' });
    const up = new RolloutCheck(cluster, 'cluster-rollout', {
      ...{ kind: 'SGShardedCluster', namespace: place.namespace, name },
      ...{ declared: cluster.manifestInput, minutes: CLUSTER_LIMIT },
    });
    startAfter(addLimits(this, place), this, ['cluster']);
    addRolloutOutput(this, place.namespace, [up]);
    this.addOutputs(place);
  }

  /** Sizes and settings of coordinator and shards. */
  private addNodes(place: Place) {
    return KINDS.flatMap((kind) => {
      const size = addOperatorObject(this, place, instanceProfile(place.config, kind));
      size.computedFields = [
        ...BY_OPERATOR,
        ...['spec.containers', 'spec.initContainers', 'spec.requests.containers'],
      ];
      const settings = addOperatorObject(this, place, parameters(place.config, kind));
      settings.computedFields = [...BY_OPERATOR, 'spec["postgresql.conf"]'];
      return [size, settings];
    });
  }

  private addOutputs({ config, namespace }: Place): void {
    const { cluster, coordinator } = shardedNames(config);
    const at = (service: string) => `${service}.${namespace}.svc:${DATABASE.port}`;
    const outputs = {
      coordinator_address: at(coordinator),
      cluster_status: `kubectl --namespace ${namespace} get sgshardedclusters,sgclusters,pods,persistentvolumeclaims`,
      nodes: `kubectl --namespace ${namespace} exec ${cluster}-coord-0 --container patroni -- patronictl list`,
    };
    for (const [name, value] of Object.entries(outputs)) new TerraformOutput(this, name, { value });
  }
}

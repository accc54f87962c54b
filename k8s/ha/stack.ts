// Wires the replicating database: namespace with its rules, password, cluster, pooler, backups.
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../../infra/core/base-stack';
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import { type AksReference, addClusterProvider } from '../cluster-provider';
import { addLimits, startAfter } from '../limits';
import type { Place } from '../metadata';
import { addNamespace } from '../namespace';
import { addRolloutOutput, RolloutCheck } from '../rollout';
import { addStorageClass } from '../storage';
import { nightlyBackup, objectStore } from './backups';
import { databaseCluster, imageCatalog } from './cluster';
import { addOperatorObject } from './manifest';
import { haNames } from './names';
import { addHaNetwork } from './network';
import { pooler } from './pooler';
import { addSuperuserSecret } from './superuser-secret';

export interface KubernetesHaStackProps {
  readonly config: DeployConfig;
  /** The cluster to deploy into, when stack `aks` makes it. */
  readonly aks?: AksReference | undefined;
}

/** In minutes: each instance is made, or restarted, after the other, and one may be restored from backups. */
const CLUSTER_LIMIT = 60;
const POOLER_LIMIT = 15;

/**
 * A separate stack, because Terraform looks up the operator's kinds in the cluster while it plans. The operator must be
 * installed before that, and the other stacks should not need it.
 */
export class KubernetesHaStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, aks }: KubernetesHaStackProps) {
    super(scope, id, { config, tags: {} });
    addClusterProvider(this, config, aks);
    const place = { config, namespace: addNamespace(this, config) };
    const secret = addSuperuserSecret(this, place, {
      name: haNames(config).superuserSecret,
      version: config.passwordVersion,
      // Without this label the operator would notice a new password only the next time it checks the cluster.
      labels: { 'cnpg.io/reload': 'true' },
    });
    const policies = addHaNetwork(this, place);
    const classes = addStorageClass(this, config);
    const images = addOperatorObject(this, place, imageCatalog(config));
    const hasBackups = config.kubernetes.haBackupUrl !== '';
    const store = hasBackups ? [addOperatorObject(this, place, objectStore(config))] : [];

    const cluster = addOperatorObject(this, place, {
      ...databaseCluster(config),
      after: [secret, ...policies, ...classes, images, ...store],
    });
    // The volumes belong to the cluster: deleting it deletes every copy except those in the object store.
    cluster.lifecycle = { preventDestroy: config.protectData };
    // The operator adds its defaults to the parameters that it is given.
    cluster.computedFields = ['metadata.labels', 'metadata.annotations', 'spec.postgresql.parameters'];
    cluster.putTimeouts({ delete: '15m' });
    const { namespace } = place;
    const clusterUp = new RolloutCheck(cluster, 'cluster-rollout', {
      ...{ kind: 'Cluster', namespace, name: haNames(config).cluster },
      ...{ declared: cluster.manifestInput, minutes: CLUSTER_LIMIT },
    });
    const access = addOperatorObject(this, place, { ...pooler(config), after: [clusterUp] });
    const poolerUp = new RolloutCheck(access, 'pooler-rollout', {
      ...{ kind: 'Pooler', namespace, name: haNames(config).pooler },
      ...{ declared: access.manifestInput, minutes: POOLER_LIMIT },
    });
    startAfter(addLimits(this, place), this, ['cluster', 'pooler']);
    if (hasBackups) addOperatorObject(this, place, { ...nightlyBackup(config), after: [clusterUp] });
    addRolloutOutput(this, namespace, [clusterUp, poolerUp]);
    this.addOutputs(place);
  }

  private addOutputs({ config, namespace }: Place): void {
    const names = haNames(config);
    const at = (service: string) => `${service}.${namespace}.svc:${DATABASE.port}`;
    const outputs = {
      primary_address: at(names.primary),
      standbys_address: at(`${names.cluster}-ro`),
      pooler_address: at(names.pooler),
      cluster_status: `kubectl --namespace ${namespace} get clusters.postgresql.cnpg.io ${names.cluster}`,
    };
    for (const [name, value] of Object.entries(outputs)) new TerraformOutput(this, name, { value });
  }
}

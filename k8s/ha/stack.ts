// Wires the replicating database: namespace with its rules, password, cluster, pooler, backups.
import { type ITerraformDependable, TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../../infra/core/base-stack';
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import { type AksReference, addClusterProvider } from '../cluster-provider';
import { Limits } from '../limits';
import { Namespace } from '../namespace';
import { addStorageClass } from '../storage-class';
import { nightlyBackup, objectStore } from './backups';
import { databaseCluster, imageCatalog } from './cluster';
import { addOperatorObject, type KubernetesManifest } from './manifest';
import { haNames } from './names';
import { HaNetwork } from './network';
import { pooler } from './pooler';
import { SuperuserSecret } from './superuser-secret';

export interface KubernetesHaStackProps {
  readonly config: DeployConfig;
  /** The cluster to deploy into, when stack `aks` makes it. */
  readonly aks?: AksReference | undefined;
}

/**
 * A separate stack, because Terraform looks up the operator's kinds in the cluster while it plans. The operator must be
 * installed before that, and the other stacks should not need it.
 */
export class KubernetesHaStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, aks }: KubernetesHaStackProps) {
    super(scope, id, { config, tags: {} });
    addClusterProvider(this, config, aks);
    const { namespace } = new Namespace(this, 'namespace', { config });
    const add = (
      objectId: string,
      component: string,
      manifest: KubernetesManifest,
      after: readonly ITerraformDependable[] = [],
    ) => addOperatorObject(this, objectId, { config, namespace, component, manifest, after });

    const { secret } = new SuperuserSecret(this, 'superuser', { config, namespace });
    const { policies } = new HaNetwork(this, 'network', { config, namespace });
    const classes = addStorageClass(this, config);
    const images = add('images', 'database', imageCatalog(config));
    const hasBackups = config.kubernetes.haBackupUrl !== '';
    const store = hasBackups ? [add('store', 'backup', objectStore(config))] : [];

    const cluster = add('cluster', 'database', databaseCluster(config), [
      secret,
      ...policies,
      ...classes,
      images,
      ...store,
    ]);
    // The volumes belong to the cluster: deleting it deletes every copy except those in the object store.
    cluster.lifecycle = { preventDestroy: config.protectData };
    // The operator adds its defaults to the parameters that it is given.
    cluster.computedFields = ['metadata.labels', 'metadata.annotations', 'spec.postgresql.parameters'];
    cluster.putWait({ condition: [{ type: 'Ready', status: 'True' }] });
    cluster.putTimeouts({ create: '30m', update: '60m', delete: '15m' });
    const pool = add('pooler', 'pooler', pooler(config), [cluster]);
    new Limits(this, 'limits', { config, namespace }).precede(cluster, pool);
    if (hasBackups) add('nightly', 'backup', nightlyBackup(config), [cluster]);
    this.addOutputs(config, namespace);
  }

  private addOutputs(config: DeployConfig, namespace: string): void {
    const names = haNames(config);
    const at = (service: string) => `${service}.${namespace}.svc:${DATABASE.port}`;
    const outputs: Readonly<Record<string, string>> = {
      primary_address: at(names.primary),
      standbys_address: at(`${names.cluster}-ro`),
      pooler_address: at(names.pooler),
      cluster_status: `kubectl --namespace ${namespace} get clusters.postgresql.cnpg.io ${names.cluster}`,
    };
    for (const [name, value] of Object.entries(outputs)) new TerraformOutput(this, name, { value });
  }
}

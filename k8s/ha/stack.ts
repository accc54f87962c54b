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
 * A stack of its own: Terraform reads the operator's kinds from the cluster while it plans, so the operator must be
 * installed before, and nothing else should have to wait for it.
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
    // Volumes belong to the cluster: who deletes it deletes every copy but those in the object store.
    cluster.lifecycle = { preventDestroy: config.protectData };
    // The operator writes out its defaults between the parameters that it was given.
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

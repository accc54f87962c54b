// Wires the Kubernetes parts in the order in which they start: namespace and its rules, database, schema, API, CronJobs.
import type { Construct } from 'constructs';
import { BaseStack } from '../infra/core/base-stack';
import type { DeployConfig } from '../infra/core/config';
import { requiredVariable } from '../infra/core/variables';
import { addApi } from './api';
import { addApiIngress } from './api-ingress';
import { addApiScaling } from './api-scaling';
import { addBackup } from './backup';
import { type AksReference, addClusterProvider } from './cluster-provider';
import { addConsumers, CONSUMERS, hasConsumers } from './consumers/consumers';
import { addDatabase } from './database';
import { databaseSource } from './database-source';
import { addHealthCheck } from './health-check';
import { addLimits, startAfter } from './limits';
import { addNamespace } from './namespace';
import { addNetworkPolicies } from './network-policies';
import { addOutputs } from './outputs';
import { addLoginPasswords } from './password';
import { addRolloutOutput } from './rollout';
import { addSchemaJob } from './schema-job';
import { addStorageClass } from './storage';

export interface KubernetesStackProps {
  readonly config: DeployConfig;
  /** Hash of the sources that declare the schema; see `hashSources`. */
  readonly schemaHash: string;
  /** The cluster to deploy into, when stack `aks` makes it. */
  readonly aks?: AksReference | undefined;
}

/** A deployment into a cluster. Synthesis does not contact the cluster; only Terraform does. */
export class KubernetesStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, schemaHash, aks }: KubernetesStackProps) {
    super(scope, id, { config, tags: {} });
    addClusterProvider(this, config, aks);
    const { namespace, database, quota } = this.databaseOf(config);
    const place = { config, namespace };
    addNetworkPolicies(this, place);
    const secrets = addLoginPasswords(this, place);
    const app = { ...place, database, secrets, image: this.appImage(config) };

    const schema = addSchemaJob(this, app, schemaHash);
    const { service, deployment, rollout } = addApi(this, app, schema.rollout);
    addApiScaling(this, place, deployment);
    if (config.kubernetes.ingressHost !== '') addApiIngress(this, place, service);
    const consumers = hasConsumers(config) ? addConsumers(this, app, schema.rollout) : [];
    addBackup(this, app, schema.rollout);
    addHealthCheck(this, app, schema.rollout);
    const before = database.rollout === undefined ? [] : [database.rollout];
    const checks = [...before, schema.rollout, rollout, ...consumers];
    addRolloutOutput(this, namespace, checks);
    const parts = ['schema', 'api', 'backup', 'health', ...(consumers.length > 0 ? [CONSUMERS] : [])];
    if (quota !== undefined) startAfter(quota, this, parts);
    addOutputs(this, app, { schemaJob: schema.name, service, deployment });
  }

  private databaseOf(config: DeployConfig) {
    const { access } = databaseSource(config);
    // Another stack is deployed first, which makes namespace, limits, storage class and database.
    if (access !== undefined) return { namespace: config.name, database: access, quota: undefined };
    const namespace = addNamespace(this, config);
    const quota = addLimits(this, { config, namespace });
    const classes = addStorageClass(this, config);
    const database = addDatabase(this, { config, namespace }, classes);
    startAfter(quota, this, ['database']);
    return { namespace, database, quota };
  }

  private appImage(config: DeployConfig): string {
    return requiredVariable(this, 'app_image', {
      description: 'Image with the tsdb command and the API.',
      value: config.kubernetes.appImage,
      pattern: '^[^ ]+(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$',
      errorMessage:
        'The kubernetes stack needs an application image. Set TSDB_APP_IMAGE to an image that your cluster can pull, with its version tag or digest.',
    });
  }
}

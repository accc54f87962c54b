// Wires the Kubernetes parts in the order in which they start: namespace and its rules, database, schema, API, CronJobs.
import type { Construct } from 'constructs';
import { BaseStack } from '../infra/core/base-stack';
import type { DeployConfig } from '../infra/core/config';
import { requiredVariable } from '../infra/core/required-variable';
import { Api } from './api';
import { ApiIngress } from './api-ingress';
import { ApiScaling } from './api-scaling';
import { Backup } from './backup';
import { type AksReference, addClusterProvider } from './cluster-provider';
import { Database } from './database';
import type { DatabaseAccess } from './database-access';
import { haDatabase } from './ha/database-access';
import { HealthCheck } from './health-check';
import { Limits } from './limits';
import { LoginPasswords } from './login-secrets';
import { Namespace } from './namespace';
import { NetworkPolicies } from './network-policies';
import { addOutputs } from './outputs';
import { SchemaJob } from './schema-job';
import { addStorageClass } from './storage-class';

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
    const { namespace, database, limits } = config.kubernetes.ha ? replicating(config) : this.single(config);
    new NetworkPolicies(this, 'network', { config, namespace });
    const { secrets } = new LoginPasswords(this, 'passwords', { config, namespace });
    const app = { config, namespace, database, secrets, image: this.appImage(config) };

    const schema = new SchemaJob(this, 'schema', { ...app, schemaHash });
    const after = [schema.job];
    const api = new Api(this, 'api', { ...app, after });
    new ApiScaling(this, 'scaling', { config, namespace, deployment: api.deployment });
    if (config.kubernetes.ingressHost !== '')
      new ApiIngress(this, 'ingress', { config, namespace, service: api.service });
    const backup = new Backup(this, 'backup', { ...app, after });
    const health = new HealthCheck(this, 'health', { ...app, after });

    limits?.precede(schema, api, backup, health);
    addOutputs(this, { config, namespace, database, secrets, schema, api });
  }

  private single(config: DeployConfig): Place {
    const { namespace } = new Namespace(this, 'namespace', { config });
    const limits = new Limits(this, 'limits', { config, namespace });
    const after = addStorageClass(this, config);
    const database = new Database(this, 'database', { config, namespace, after });
    limits.precede(database);
    return { namespace, database: database.access, limits };
  }

  private appImage(config: DeployConfig): string {
    return requiredVariable(this, 'app_image', {
      description: 'Image with the tsdb command and the API.',
      value: config.kubernetes.appImage,
      pattern: '^[^ ]+(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$',
      errorMessage:
        'The kubernetes stack needs an application image. Set TSDB_APP_IMAGE to an image that your cluster can pull, with its version tag or digest.',
    }).stringValue;
  }
}

/** Where everything else is placed. */
interface Place {
  readonly namespace: string;
  readonly database: DatabaseAccess;
  readonly limits?: Limits;
}

// The stack kubernetes-ha, which is deployed first, makes namespace, limits, storage class and database.
function replicating(config: DeployConfig): Place {
  return { namespace: config.name, database: haDatabase(config) };
}

// Wires the Kubernetes parts in the order they come up: namespace, password, database, schema, API.

import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../infra/core/base-stack';
import type { DeployConfig } from '../infra/core/config';
import { API_PORT, DATABASE } from '../infra/core/names';
import { requiredVariable } from '../infra/core/required-variable';
import { Api } from './api';
import { Database } from './database';
import { Namespace } from './namespace';
import { PASSWORD_KEY, Password } from './password';
import { SchemaJob } from './schema-job';

export interface KubernetesStackProps {
  readonly config: DeployConfig;
  /** Identity of the declared schema; see `hashSources`. */
  readonly schemaHash: string;
}

/** A deployment into an existing cluster. Nothing contacts it before Terraform plans. */
export class KubernetesStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, schemaHash }: KubernetesStackProps) {
    super(scope, id, { config, tags: {} });
    const { configPath, context } = config.kubernetes;
    new KubernetesProvider(this, 'kubernetes', {
      configPath,
      ...(context === '' ? {} : { configContext: context }),
    });
    const appImage = requiredVariable(this, 'app_image', {
      description: 'Image with the tsdb command and the API.',
      value: config.kubernetes.appImage,
      pattern: '^[^ ]+$',
      errorMessage:
        'The kubernetes stack needs an application image. Set TSDB_APP_IMAGE to an image that your cluster can pull.',
    });

    const { namespace, serviceAccount } = new Namespace(this, 'namespace', { config });
    const { secretName } = new Password(this, 'password', { config, namespace });
    const database = new Database(this, 'database', { config, namespace, serviceAccount, secretName });
    const app = {
      config,
      namespace,
      serviceAccount,
      secretName,
      databaseHost: database.host,
      image: appImage.stringValue,
    };
    const { job } = new SchemaJob(this, 'schema', { ...app, schemaHash, after: [database.statefulSet] });
    const api = new Api(this, 'api', { ...app, after: [job] });

    const kubectl = `kubectl --namespace ${namespace}`;
    new TerraformOutput(this, 'api_tunnel', {
      value: `${kubectl} port-forward service/${api.service} ${API_PORT}:80`,
    });
    new TerraformOutput(this, 'database_tunnel', {
      value: `${kubectl} port-forward service/${database.host} ${DATABASE.port}:${DATABASE.port}`,
    });
    new TerraformOutput(this, 'database_password', {
      value: `${kubectl} get secret ${secretName} --output go-template='{{index .data "${PASSWORD_KEY}" | base64decode}}'`,
      description: 'Command that prints the password; the value itself is in no state and no output',
    });
  }
}

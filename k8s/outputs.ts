// What an operator sees after a deployment: commands for the next steps, without any secret.
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { API_PORT, DATABASE } from '../infra/core/names';
import type { AppProps } from './app-pod';
import { databaseSource } from './database-source';
import type { SecretKey } from './password';

/** Names of what the commands are about, as references. */
export interface OutputsProps {
  readonly schemaJob: string;
  readonly service: string;
  readonly deployment: string;
}

export function addOutputs(stack: Construct, app: AppProps, names: OutputsProps): void {
  const { config, namespace, database, secrets } = app;
  const kubectl = `kubectl --namespace ${namespace}`;
  const host = config.kubernetes.ingressHost;
  const passwordOf = ({ secretName, key }: SecretKey): string =>
    `${kubectl} get secret ${secretName} --output go-template='{{index .data "${key}" | base64decode}}'`;
  const outputs: readonly (readonly [name: string, value: string, description: string])[] = [
    [
      'first_key',
      `${kubectl} exec deployment/${names.deployment} --container api -- tsdb keys create --name me --role admin`,
      'Makes a key of the API and shows it once; page and programs need one',
    ],
    [
      'api_tunnel',
      `${kubectl} port-forward service/${names.service} ${API_PORT}:80`,
      `Page and API on http://127.0.0.1:${API_PORT} while it runs`,
    ],
    ...(host === '' ? [] : [['api_url', `https://${host}`, 'Page and API, through the ingress'] as const]),
    [
      'database_tunnel',
      `${kubectl} port-forward service/${database.host} ${DATABASE.port}:${DATABASE.port}`,
      'The database on this machine while it runs: log in as tsdb_owner',
    ],
    [
      'owner_password',
      passwordOf(secrets.owner),
      'Prints the password of tsdb_owner, for plan and apply by hand',
    ],
    [
      'superuser_password',
      passwordOf(database.superuser),
      'Prints the password of the superuser, for emergencies; no program but the schema Job uses it',
    ],
    [
      'schema_log',
      `${kubectl} logs job/${names.schemaJob} --all-containers --prefix`,
      'What the schema Job planned and did, and why it failed',
    ],
    [
      'status',
      `${kubectl} get ${databaseSource(config).objects},deployments,jobs,cronjobs,pods,persistentvolumeclaims`,
      'Everything that runs, or should',
    ],
  ];
  for (const [name, value, description] of outputs) new TerraformOutput(stack, name, { value, description });
}

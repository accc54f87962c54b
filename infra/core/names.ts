// Names that several stacks use.
import type { DeployConfig } from './config';

/** The one database of a deployment, its superuser and its port. */
export const DATABASE = { name: 'tsdb', superuser: 'postgres', port: 5432 } as const;

/** Port that the API listens on inside its container. */
export const API_PORT = 5000;

/** Port on which a consumer of Kafka or MQTT shows its health and metrics inside its container. */
export const STREAM_PORT = 5001;

/** `rg-tsdb-dev`: Azure's usual prefix for the kind, then deployment and environment. */
export function azureName(config: DeployConfig, kind: string): string {
  return `${kind}-${config.name}-${config.environment}`;
}

/** Tags for every Azure resource that supports them. Ours win, because cost reports and clean-up rely on them. */
export function azureTags(config: DeployConfig): Readonly<Record<string, string>> {
  return {
    ...config.azure.tags,
    application: config.name,
    environment: config.environment,
    'managed-by': 'cdktf',
  };
}

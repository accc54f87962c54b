// The environment that Terraform gets: the federated login of the host, and no questions.
import type { Environment } from '../../db/core/settings';

/**
 * GitHub's own variables are understood by the provider as they are. Azure Pipelines tells the identity of a service
 * connection to the scripts of the task AzureCLI@2 under names of its own; here they get the names that Terraform reads.
 * A value that somebody set wins.
 */
export function cloudEnvironment(env: Environment): Environment {
  const quiet = { CHECKPOINT_DISABLE: '1', TF_INPUT: '0', TF_IN_AUTOMATION: '1' };
  const connection = env.AZURESUBSCRIPTION_SERVICE_CONNECTION_ID;
  if (!connection) return { ...quiet, ...env };
  return {
    ...quiet,
    ARM_USE_OIDC: 'true',
    // A login of the Azure CLI is there as well; it ends after an hour and cannot be renewed, this one can.
    ARM_USE_CLI: 'false',
    ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID: connection,
    ...named('ARM_CLIENT_ID', env.AZURESUBSCRIPTION_CLIENT_ID),
    ...named('ARM_TENANT_ID', env.AZURESUBSCRIPTION_TENANT_ID),
    ...env,
  };
}

const named = (name: string, value: string | undefined): Environment => (value ? { [name]: value } : {});

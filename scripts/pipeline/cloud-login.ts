// The environment that Terraform gets: the federated login of the host, and settings that keep it from asking questions.
import type { Environment } from '../../db/core/settings';

/**
 * The provider understands GitHub's own variables. Azure Pipelines gives the identity of a service connection to scripts of
 * the task AzureCLI@2 under names of its own, which are translated here to the names that Terraform reads.
 * A variable that is already set wins.
 */
export function cloudEnvironment(env: Environment): Environment {
  const quiet = { CHECKPOINT_DISABLE: '1', TF_INPUT: '0', TF_IN_AUTOMATION: '1' };
  const connection = env.AZURESUBSCRIPTION_SERVICE_CONNECTION_ID;
  if (!connection) return { ...quiet, ...env };
  return {
    ...quiet,
    ARM_USE_OIDC: 'true',
    // The task also logs in the Azure CLI, but that login ends after an hour and cannot be renewed. This one can.
    ARM_USE_CLI: 'false',
    ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID: connection,
    ...named('ARM_CLIENT_ID', env.AZURESUBSCRIPTION_CLIENT_ID),
    ...named('ARM_TENANT_ID', env.AZURESUBSCRIPTION_TENANT_ID),
    ...env,
  };
}

const named = (name: string, value: string | undefined): Environment => (value ? { [name]: value } : {});

// The environment that Terraform and the programs it starts get: the federated login of the host, and no questions.
import type { Environment } from '../../db/core/settings';

/**
 * Both hosts give each job a way to ask for a new token whenever one is needed, which Terraform's providers and its backend use by
 * themselves. The login of the Azure CLI cannot be renewed: it ends after an hour, and for a service that it was not used for
 * yet, after minutes. So nothing that may run late uses it: neither Terraform nor kubelogin.
 * A variable that is already set wins.
 */
export function cloudEnvironment(env: Environment): Environment {
  const quiet = { CHECKPOINT_DISABLE: '1', TF_INPUT: '0', TF_IN_AUTOMATION: '1' };
  return { ...quiet, ...gitHubLogin(env), ...azurePipelinesLogin(env), ...env };
}

/** The providers know the variables of GitHub. kubelogin knows them as well once it is told to. */
function gitHubLogin(env: Environment): Environment {
  if (env.ARM_USE_OIDC !== 'true' || !env.ACTIONS_ID_TOKEN_REQUEST_URL) return {};
  return {
    ARM_USE_CLI: 'false',
    AAD_LOGIN_METHOD: 'workloadidentity',
    ...named('AZURE_CLIENT_ID', env.ARM_CLIENT_ID),
    ...named('AZURE_TENANT_ID', env.ARM_TENANT_ID),
  };
}

/**
 * The task AzureCLI@2 gives the identity of a service connection to its scripts under names of its own, which are translated
 * here to those that Terraform reads. kubelogin reads them as they are.
 */
function azurePipelinesLogin(env: Environment): Environment {
  const connection = env.AZURESUBSCRIPTION_SERVICE_CONNECTION_ID;
  if (!connection) return {};
  return {
    ARM_USE_OIDC: 'true',
    ARM_USE_CLI: 'false',
    ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID: connection,
    AAD_LOGIN_METHOD: 'azurepipelines',
    ...named('ARM_CLIENT_ID', env.AZURESUBSCRIPTION_CLIENT_ID),
    ...named('ARM_TENANT_ID', env.AZURESUBSCRIPTION_TENANT_ID),
  };
}

const named = (name: string, value: string | undefined): Environment => (value ? { [name]: value } : {});

// Where Terraform keeps the state of a stack: one file for each environment and stack, local or in a storage account.
import { AzurermBackend, LocalBackend, type TerraformStack } from 'cdktf';
import type { DeployConfig } from './config';

/**
 * Without an account the state lies beside cdktf.json. With one, Terraform logs in as the operator (no access key);
 * the account and its container are made by hand once, because no state can hold itself.
 */
export function addBackend(stack: TerraformStack, config: DeployConfig): void {
  const file = `${config.name}-${config.environment}.${stack.node.id}.tfstate`;
  if (config.stateAccount === '') {
    // Relative to cdktf.out/stacks/<stack>, where Terraform runs, so that no machine's own path gets into the JSON.
    new LocalBackend(stack, { path: `../../../terraform.${file}` });
    return;
  }
  new AzurermBackend(stack, {
    storageAccountName: config.stateAccount,
    containerName: config.stateContainer,
    key: file,
    useAzureadAuth: true,
  });
}

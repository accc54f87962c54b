// Where Terraform keeps the state of a stack: one file for each environment and stack, local or in a storage account.
import { AzurermBackend, LocalBackend, type TerraformStack } from 'cdktf';
import type { DeployConfig } from './config';

/**
 * Without an account, the state is stored beside cdktf.json. With one, Terraform logs in as the operator, without an
 * access key. Account and container are created by hand once, because a state cannot contain its own storage.
 */
export function addBackend(stack: TerraformStack, config: DeployConfig): void {
  const file = `${config.name}-${config.environment}.${stack.node.id}.tfstate`;
  if (config.stateAccount === '') {
    // Relative to cdktf.out/stacks/<stack>, where Terraform runs, so that the JSON contains no path of this machine.
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

// Where Terraform keeps the state of a stack: one file for each environment and stack, local or in a storage account.
import { AzurermBackend, LocalBackend, TerraformOutput, type TerraformStack } from 'cdktf';
import type { DeployConfig } from './config';

/**
 * Without an account, the state is stored beside cdktf.json. With one, Terraform logs in as the operator, without an
 * access key. Account and container are created by hand once, because a state cannot contain its own storage.
 */
export function addBackend(stack: TerraformStack, config: DeployConfig): void {
  const file = `${config.name}-${config.environment}.${stack.node.id}.tfstate`;
  // Relative to cdktf.out/<name>-<environment>/<stack>, where Terraform runs, so that the JSON contains no path of this machine.
  const path = `../../../terraform.${file}`;
  if (config.stateAccount === '') {
    new LocalBackend(stack, { path });
    return;
  }
  new AzurermBackend(stack, {
    storageAccountName: config.stateAccount,
    containerName: config.stateContainer,
    key: file,
    useAzureadAuth: true,
  });
  refuseBesideLocalState(stack, path, file);
}

/**
 * A deployment whose state was stored locally before would start with an empty state in the account, and create everything
 * a second time. Terraform checks this while it plans, so that moving the state is possible.
 */
function refuseBesideLocalState(stack: TerraformStack, path: string, file: string): void {
  const output = new TerraformOutput(stack, 'state_key', { value: file });
  output.addOverride('precondition', [
    {
      // Terraform demands a reference in a condition, and `path.root` is one.
      condition: `\${!fileexists("\${path.root}/${path}")}`,
      error_message: `TSDB_DEPLOY_STATE_ACCOUNT is set, and there is a local state in this checkout as well: terraform.${file}. Move it into the account as docs/azure.md describes under "State". If it was moved before, rename the file.`,
    },
  ]);
}

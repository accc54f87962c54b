// The networks that people and pipelines deploy from, asked for by the stacks that let nobody else in.
import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from './config';

const VARIABLE = 'deployer_cidrs';

export interface DeployerNetworksProps {
  readonly config: DeployConfig;
  readonly description: string;
  /** Message of a plan without any; left out where none is needed. */
  readonly missing?: string;
  /** Length of prefix that is refused, such as `/31`, and the message that says so. */
  readonly refuses: { readonly suffix: string; readonly message: string };
}

/**
 * Like `requiredVariable`: without the networks the plan of this stack fails, and of no other, and nobody is prompted.
 * @returns the name of the list in expressions
 */
export function deployerNetworks(
  scope: Construct,
  { config, description, missing, refuses }: DeployerNetworksProps,
): string {
  const variable = new TerraformVariable(scope, VARIABLE, {
    type: 'list(string)',
    nullable: false,
    default: [...config.azure.deployerCidrs],
    description,
  });
  variable.overrideLogicalId(VARIABLE);
  if (missing !== undefined)
    variable.addValidation({ condition: `\${length(var.${VARIABLE}) > 0}`, errorMessage: missing });
  variable.addValidation({
    condition: `\${alltrue([for network in var.${VARIABLE} : can(cidrhost(network, 0)) && !endswith(network, "${refuses.suffix}")])}`,
    errorMessage: refuses.message,
  });
  return `var.${VARIABLE}`;
}

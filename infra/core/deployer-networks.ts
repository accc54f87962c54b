// The networks that people and pipelines deploy from, for stacks that let nobody else in.
import { TerraformVariable } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from './config';

const VARIABLE = 'deployer_cidrs';

export interface DeployerNetworksProps {
  readonly config: DeployConfig;
  readonly description: string;
  /** Message of a plan without networks. Left out where no network is needed. */
  readonly missing?: string;
  /** A prefix length that is refused, such as `/31`, and the message that says so. */
  readonly refuses: { readonly suffix: string; readonly message: string };
}

/**
 * Like `requiredVariable`: without networks only the plan of this stack fails, and Terraform never prompts for them.
 * @returns the list, as it is written in expressions
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

// Who may reach the API server of the cluster: the networks that people and pipelines deploy from.

import { TerraformVariable, Token } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';

const VARIABLE = 'deployer_cidrs';

/**
 * The networks as a list that Terraform knows. Without one the plan of this stack fails, and of no other: a cluster that
 * nobody can reach cannot be deployed into, and one that everybody can reach is no default.
 */
export function operatorNetworks(scope: Construct, { azure }: DeployConfig): string[] {
  const variable = new TerraformVariable(scope, VARIABLE, {
    type: 'list(string)',
    nullable: false,
    default: [...azure.deployerCidrs],
    description: 'IPv4 networks that may reach the API server.',
  });
  variable.overrideLogicalId(VARIABLE);
  variable.addValidation({
    condition: `\${length(var.${VARIABLE}) > 0}`,
    errorMessage:
      'The aks stack needs to know who may reach the API server. Set TSDB_DEPLOY_DEPLOYER_CIDRS to your public IPv4 address with /32.',
  });
  variable.addValidation({
    condition: `\${alltrue([for network in var.${VARIABLE} : can(cidrhost(network, 0)) && !endswith(network, "/0")])}`,
    errorMessage:
      'TSDB_DEPLOY_DEPLOYER_CIDRS takes IPv4 networks such as 203.0.113.0/24, and not the whole internet.',
  });
  return Token.asList(`\${var.${VARIABLE}}`);
}

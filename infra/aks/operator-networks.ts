// Who may reach the API server of the cluster: the networks that people and pipelines deploy from.
import { Token } from 'cdktf';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { deployerNetworks } from '../core/variables';

/**
 * The networks as a list variable of Terraform. Without networks the plan of this stack fails, but of no other stack:
 * nothing can be deployed into a cluster that nobody can reach, and one that everybody can reach is no safe default.
 */
export function operatorNetworks(scope: Construct, config: DeployConfig): string[] {
  const networks = deployerNetworks(scope, {
    config,
    description: 'IPv4 networks that may reach the API server.',
    missing:
      'The aks stack needs to know who may reach the API server. Set TSDB_DEPLOY_DEPLOYER_CIDRS to your public IPv4 address with /32.',
    refuses: {
      suffix: '/0',
      message:
        'TSDB_DEPLOY_DEPLOYER_CIDRS takes IPv4 networks such as 203.0.113.0/24, and not the whole internet.',
    },
  });
  return Token.asList(`\${${networks}}`);
}

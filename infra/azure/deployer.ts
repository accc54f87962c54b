// Who runs Terraform, and from which networks. Only Terraform knows both.
import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import { Fn, Token } from 'cdktf';
import { Construct } from 'constructs';
import type { DeployConfig } from '../core/config';
import { azureName } from '../core/names';
import { deployerNetworks } from '../core/variables';

export type Deployer = ReturnType<typeof addDeployer>;

/**
 * The identity behind `az login` or the pipeline, and the networks that its requests come from.
 * @param kind prefix of the name of the stack's resource group; see `azureName`
 */
export function addDeployer(stack: Construct, config: DeployConfig, kind = 'rg') {
  const scope = new Construct(stack, 'deployer');
  const me = new DataAzurermClientConfig(scope, 'me', {});
  const group = Fn.join('/', [me.subscriptionId, azureName(config, kind)]);
  // Vault and storage let nobody in by default, and a deployment that cannot write secrets would stop halfway.
  const networks = deployerNetworks(scope, {
    config,
    description: 'IPv4 networks that Terraform runs in.',
    // With private endpoints, Terraform runs inside the network.
    ...(config.azure.parts.includes('private-endpoints')
      ? {}
      : {
          missing:
            'The azure stack needs to know where Terraform runs. Set TSDB_DEPLOY_DEPLOYER_CIDRS to your public IPv4 address with /32.',
        }),
    refuses: {
      suffix: '/31',
      message:
        'TSDB_DEPLOY_DEPLOYER_CIDRS takes IPv4 networks such as 203.0.113.0/24, and Azure refuses /31 here.',
    },
  });
  return {
    tenantId: me.tenantId,
    // A pull request is planned by an identity that can only read. Roles must still go to the one that deploys.
    objectId: config.azure.deployerId || me.objectId,
    // The networks as firewall rules of vault and storage, without `/32`, which a storage account refuses.
    ipRules: Token.asList(`\${[for network in ${networks} : trimsuffix(network, "/32")]}`),
    // Ten hexadecimal digits that are the same in every run, and differ between subscriptions.
    uniqueSuffix: Fn.substr(Fn.sha256(group), 0, 10),
  };
}

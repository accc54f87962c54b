// Network of the nodes: one subnet with its rules, and the identity that the cluster uses to join machines to it.
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { allow, guardSubnet } from '../azure/network-rules';
import { type PartProps, placeIn } from '../azure/place';
import { rangesOf } from '../azure/ranges';
import { azureName } from '../core/names';

/** Addresses of pods and services. They are outside the private ranges that a deployment's network is from. */
export const POD_RANGE = '100.64.0.0/16';
export const SERVICE_RANGE = '100.65.0.0/16';

export class Network extends Construct {
  readonly subnet: Subnet;
  /** The identity that the cluster uses on the network. */
  readonly identity: UserAssignedIdentity;
  /** What has to be in force before there is a cluster. */
  readonly ready: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PartProps) {
    super(scope, id);
    const { config, resourceGroup } = props;
    const network = new VirtualNetwork(this, 'network', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'vnet-aks'),
      addressSpace: [config.azure.networkRange],
    });
    this.subnet = new Subnet(this, 'subnet', {
      name: azureName(config, 'snet-aks'),
      resourceGroupName: resourceGroup.name,
      virtualNetworkName: network.name,
      addressPrefixes: [rangesOf(config).nodes],
      // Outbound traffic of nodes goes through the cluster's load balancer; Azure is retiring implicit outbound access.
      defaultOutboundAccessEnabled: false,
    });
    this.identity = new UserAssignedIdentity(this, 'identity', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'id-aks'),
    });
    const mayJoin = new RoleAssignment(this, 'identity-joins', {
      scope: this.subnet.id,
      principalId: this.identity.principalId,
      principalType: 'ServicePrincipal',
      roleDefinitionName: 'Network Contributor',
    });
    this.ready = [this.addRules(props), mayJoin];
  }

  private addRules(props: PartProps): ITerraformDependable {
    const { nodes } = rangesOf(props.config);
    return guardSubnet(this, {
      ...props,
      subnet: this.subnet,
      kind: 'nsg-aks',
      rules: [
        // For an ingress controller. Azure forwards packets with the address of the load balancer as their destination.
        ...allow('https', { priority: 100, port: 443, from: props.config.azure.apiCidrs, to: '*' }),
        // Traffic between pods is restricted by the network policies of Kubernetes instead.
        inside('nodes-and-pods', 110, { sourceAddressPrefixes: [nodes, POD_RANGE] }, [nodes, POD_RANGE]),
        inside('load-balancer', 120, { sourceAddressPrefix: 'AzureLoadBalancer' }, [nodes]),
      ],
    });
  }
}

type Source = { readonly sourceAddressPrefix: string } | { readonly sourceAddressPrefixes: string[] };

function inside(name: string, priority: number, source: Source, to: string[]) {
  return {
    name: `allow-${name}`,
    priority,
    direction: 'Inbound',
    access: 'Allow',
    protocol: '*',
    sourcePortRange: '*',
    ...source,
    destinationPortRange: '*',
    destinationAddressPrefixes: to,
  };
}

// Network of the nodes: one subnet with its rules, and the identity that the cluster uses to join machines to it.
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import { Construct } from 'constructs';
import { type Place, placed } from '../azure/place';
import { rangesOf } from '../azure/ranges';
import { addSubnet, allow, INBOUND } from '../azure/subnet';

/** Addresses of pods and services. They are outside the private ranges that a deployment's network is from. */
export const POD_RANGE = '100.64.0.0/16';
export const SERVICE_RANGE = '100.65.0.0/16';

export type Network = ReturnType<typeof addNetwork>;

/** The cluster writes its name into a zone of somebody else, and links that zone to its own network. */
function mayUseZone(
  scope: Construct,
  identity: UserAssignedIdentity,
  { zone, network }: { readonly zone: string; readonly network: VirtualNetwork },
): readonly RoleAssignment[] {
  const to = { principalId: identity.principalId, principalType: 'ServicePrincipal' };
  return [
    new RoleAssignment(scope, 'identity-names', {
      ...to,
      scope: zone,
      roleDefinitionName: 'Private DNS Zone Contributor',
    }),
    new RoleAssignment(scope, 'identity-links', {
      ...to,
      scope: network.id,
      roleDefinitionName: 'Network Contributor',
    }),
  ];
}

/** @returns among others `ready`, which has to be in force before there is a cluster */
export function addNetwork(stack: Construct, place: Place) {
  const scope = new Construct(stack, 'network');
  const { apiCidrs, networkRange } = place.config.azure;
  const { nodes } = rangesOf(place.config);
  const network = new VirtualNetwork(scope, 'network', {
    ...placed(place, 'vnet-aks'),
    addressSpace: [networkRange],
  });
  // Outbound traffic of nodes goes through the cluster's load balancer.
  const { subnet, guard } = addSubnet(scope, place, {
    suffix: '-aks',
    network,
    range: nodes,
    rules: [
      // For an ingress controller. Azure forwards packets with the address of the load balancer as their destination.
      ...allow('https', { priority: 100, port: 443, from: apiCidrs, to: '*' }),
      // Traffic between pods is restricted by the network policies of Kubernetes instead.
      {
        ...INBOUND,
        name: 'allow-nodes-and-pods',
        priority: 110,
        access: 'Allow',
        sourceAddressPrefixes: [nodes, POD_RANGE],
        destinationAddressPrefixes: [nodes, POD_RANGE],
      },
      {
        ...INBOUND,
        name: 'allow-load-balancer',
        priority: 120,
        access: 'Allow',
        sourceAddressPrefix: 'AzureLoadBalancer',
        destinationAddressPrefixes: [nodes],
      },
    ],
  });
  const identity = new UserAssignedIdentity(scope, 'identity', placed(place, 'id-aks'));
  const mayJoin = new RoleAssignment(scope, 'identity-joins', {
    scope: subnet.id,
    principalId: identity.principalId,
    principalType: 'ServicePrincipal',
    roleDefinitionName: 'Network Contributor',
  });
  const { dnsZone } = place.config.aks;
  const mayName = dnsZone === '' ? [] : mayUseZone(scope, identity, { zone: dnsZone, network });
  return { network, subnet, identity, ready: [guard, mayJoin, ...mayName] };
}

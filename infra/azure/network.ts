// Network of the database machine: one subnet, one list of rules, one interface, and outbound access.
import { NatGateway } from '@cdktf/provider-azurerm/lib/nat-gateway';
import { NatGatewayPublicIpAssociation } from '@cdktf/provider-azurerm/lib/nat-gateway-public-ip-association';
import { NetworkInterface } from '@cdktf/provider-azurerm/lib/network-interface';
import { PublicIp } from '@cdktf/provider-azurerm/lib/public-ip';
import { Subnet } from '@cdktf/provider-azurerm/lib/subnet';
import { SubnetNatGatewayAssociation } from '@cdktf/provider-azurerm/lib/subnet-nat-gateway-association';
import { VirtualNetwork } from '@cdktf/provider-azurerm/lib/virtual-network';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { azureName } from '../core/names';
import { allow, guardSubnet } from './network-rules';
import { type PartProps, placeIn } from './place';
import { rangesOf } from './ranges';

/** No rule opens the database port: clients use an SSH tunnel or run on the machine itself. */
export class Network extends Construct {
  readonly network: VirtualNetwork;
  readonly subnet: Subnet;
  /** None when the machine is private. */
  readonly publicIp: PublicIp | undefined;
  readonly networkInterface: NetworkInterface;

  constructor(scope: Construct, id: string, props: PartProps) {
    super(scope, id);
    const { config, resourceGroup } = props;
    this.network = new VirtualNetwork(this, 'network', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'vnet'),
      addressSpace: [config.azure.networkRange],
    });
    this.subnet = new Subnet(this, 'subnet', {
      name: azureName(config, 'snet'),
      resourceGroupName: resourceGroup.name,
      virtualNetworkName: this.network.name,
      addressPrefixes: [rangesOf(config).machine],
      // Outbound traffic uses the public address or the NAT gateway; Azure is retiring implicit outbound access.
      defaultOutboundAccessEnabled: false,
      // The firewalls of vault and storage allow this subnet.
      serviceEndpoints: ['Microsoft.KeyVault', 'Microsoft.Storage'],
    });
    const guard = this.addRules(props);
    const exit = config.azure.parts.includes('nat') ? [this.addNatGateway(props)] : [];
    this.publicIp = config.azure.exposure === 'public' ? this.addAddress(props, 'address', 'pip') : undefined;
    this.networkInterface = new NetworkInterface(this, 'interface', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'nic'),
      acceleratedNetworkingEnabled: true,
      ipForwardingEnabled: false,
      ipConfiguration: [
        {
          name: 'primary',
          subnetId: this.subnet.id,
          privateIpAddressAllocation: 'Dynamic',
          ...(this.publicIp === undefined ? {} : { publicIpAddressId: this.publicIp.id }),
        },
      ],
      // The machine needs this interface, so it starts only once the rules are in force and outbound access works.
      dependsOn: [guard, ...exit],
    });
  }

  private addRules(props: PartProps): ITerraformDependable {
    const { apiCidrs, sshCidrs, parts } = props.config.azure;
    const ranges = rangesOf(props.config);
    return guardSubnet(this, {
      ...props,
      subnet: this.subnet,
      kind: 'nsg',
      rules: [
        ...allow('https', { priority: 100, port: 443, from: apiCidrs, to: ranges.machine }),
        ...allow('ssh', { priority: 110, port: 22, from: sshCidrs, to: ranges.machine }),
        ...allow('ssh-from-bastion', {
          priority: 120,
          port: 22,
          from: parts.includes('bastion') ? [ranges.bastion] : [],
          to: ranges.machine,
        }),
      ],
    });
  }

  private addNatGateway(props: PartProps): SubnetNatGatewayAssociation {
    const { config, resourceGroup } = props;
    const gateway = new NatGateway(this, 'exit', {
      ...placeIn(resourceGroup),
      name: azureName(config, 'ng'),
      skuName: 'Standard',
      zones: [config.azure.zone],
    });
    const address = new NatGatewayPublicIpAssociation(this, 'exit-has-address', {
      natGatewayId: gateway.id,
      publicIpAddressId: this.addAddress(props, 'exit-address', 'pip-exit').id,
    });
    return new SubnetNatGatewayAssociation(this, 'exit-of-subnet', {
      natGatewayId: gateway.id,
      subnetId: this.subnet.id,
      dependsOn: [address],
    });
  }

  private addAddress({ config, resourceGroup }: PartProps, id: string, kind: string): PublicIp {
    const { zone, dnsLabel } = config.azure;
    return new PublicIp(this, id, {
      ...placeIn(resourceGroup),
      name: azureName(config, kind),
      allocationMethod: 'Static',
      sku: 'Standard',
      zones: [zone],
      ...(dnsLabel === '' || id !== 'address' ? {} : { domainNameLabel: dnsLabel }),
    });
  }
}

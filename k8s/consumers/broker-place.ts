// Where brokers and registries are, as a network policy says it (pure).
import type { NetworkPolicyV1SpecEgressTo } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import type { Address } from '../../infra/core/address';
import type { DeployConfig } from '../../infra/core/config';
import { inNamespace, network, port } from '../network-policy';

/**
 * Peers and ports for an egress rule. The name of a service tells its namespace. Everything else is outside of the cluster: the
 * networks of the settings, or anywhere when they name none, as the addresses of a cloud service change. The ports of the
 * settings come in addition, because a policy sees the ports of pods and not those of services.
 */
export function placeOf(addresses: readonly Address[], { consumers }: DeployConfig) {
  const namespaces = addresses.map(({ host }) => namespaceOf(host));
  const inside = [...new Set(namespaces.filter((name) => name !== OUTSIDE))];
  const cidrs = consumers.cidrs.length === 0 ? ['0.0.0.0/0'] : consumers.cidrs;
  const to: NetworkPolicyV1SpecEgressTo[] = [
    ...inside.map((name) => (name === OWN ? { podSelector: {} } : inNamespace(name))),
    ...(namespaces.includes(OUTSIDE) ? cidrs.map(network) : []),
  ];
  const ports = new Set([...addresses.map((address) => address.port), ...consumers.ports.map(Number)]);
  return { to, ports: [...ports].map((number) => port(number)) };
}

const OWN = 'own namespace';
const OUTSIDE = 'outside';

function namespaceOf(host: string): string {
  if (!host.includes('.')) return OWN;
  return /\.([a-z0-9-]+)\.svc(\.|$)/.exec(host)?.[1] ?? OUTSIDE;
}

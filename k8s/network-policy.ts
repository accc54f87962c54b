// Makes network policies, and the parts that they are made of.
import {
  NetworkPolicyV1,
  type NetworkPolicyV1Spec,
  type NetworkPolicyV1SpecEgressTo,
  type NetworkPolicyV1SpecIngressFrom,
  type NetworkPolicyV1SpecPodSelector,
} from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { containsAddress, METADATA_SERVICE } from '../infra/core/networks';
import { metadata, type Place } from './metadata';

/**
 * One policy for each way that is open.
 * @param infix part of the names, which tells the policies of the stacks apart
 */
export function addPolicies(
  stack: Construct,
  place: Place,
  ways: Readonly<Record<string, NetworkPolicyV1Spec>>,
  infix = '',
): readonly NetworkPolicyV1[] {
  const scope = new Construct(stack, 'network');
  return Object.entries(ways).map(
    ([way, spec]) =>
      new NetworkPolicyV1(scope, way, {
        metadata: metadata(place, 'network', `${place.config.name}-${infix}${way}`),
        spec,
      }),
  );
}

type Pods = NetworkPolicyV1SpecPodSelector;
type Port = ReturnType<typeof port>;

/** Lets these pods be reached. */
export function ingress(podSelector: Pods, from: NetworkPolicyV1SpecIngressFrom[], ports: Port[]) {
  return { podSelector, policyTypes: ['Ingress'], ingress: [{ from, ports }] };
}

/** Lets these pods reach something. */
export function egress(podSelector: Pods, to: NetworkPolicyV1SpecEgressTo[], ports: Port[]) {
  return { podSelector, policyTypes: ['Egress'], egress: [{ to, ports }] };
}

/**
 * Lets pods look up names: with the cluster's own resolver in `kube-system`, or with a cache on their node. Such a cache is in
 * the network of the node, so that no selector of pods matches it.
 */
export function nameLookup(podSelector: Pods, { kubernetes }: DeployConfig): NetworkPolicyV1Spec {
  const caches = kubernetes.dnsCidrs.map((cidr) => ({ ipBlock: { cidr } }));
  return egress(podSelector, [inNamespace('kube-system'), ...caches], [port(53, 'UDP'), port(53)]);
}

/** All pods of a namespace. Kubernetes sets this label to the name of the namespace, and nobody can change it. */
export function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

/** A network, without the metadata service of a cloud. */
export function network(cidr: string) {
  const except = containsAddress(cidr, METADATA_SERVICE) ? { except: [`${METADATA_SERVICE}/32`] } : {};
  return { ipBlock: { cidr, ...except } };
}

/** One port. The provider expects text. */
export function port(number: number, protocol: 'TCP' | 'UDP' = 'TCP') {
  return { port: String(number), protocol };
}

/**
 * The ports on which a database reaches the Kubernetes API and its object store.
 * @param storeEndpoint address of the store; empty for that of a cloud
 */
export function outsidePorts(storeEndpoint: string) {
  const own = storeEndpoint === '' ? '' : new URL(storeEndpoint).port;
  const http = storeEndpoint.startsWith('http:') && own === '' ? [80] : [];
  const numbers = [...new Set([443, 6443, ...http, ...(own === '' ? [] : [Number(own)])])];
  return numbers.map((number) => port(number));
}

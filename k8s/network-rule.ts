// The parts that network policies are made of.
import type {
  NetworkPolicyV1Spec,
  NetworkPolicyV1SpecPodSelector,
} from '@cdktf/provider-kubernetes/lib/network-policy-v1';

/** All pods of a namespace. Every namespace has its name as this label, and nobody can give it another. */
export function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

/** Lets pods look up names. All of them ask the cluster's resolver, which is in `kube-system`. */
export function nameLookup(podSelector: NetworkPolicyV1SpecPodSelector): NetworkPolicyV1Spec {
  return {
    podSelector,
    policyTypes: ['Egress'],
    egress: [{ to: [inNamespace('kube-system')], ports: [port(53, 'UDP'), port(53)] }],
  };
}

/** One port; the provider wants it as text. */
export function port(number: number, protocol: 'TCP' | 'UDP' = 'TCP') {
  return { port: String(number), protocol };
}

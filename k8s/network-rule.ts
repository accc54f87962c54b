// The parts that network policies are made of.
import type {
  NetworkPolicyV1Spec,
  NetworkPolicyV1SpecPodSelector,
} from '@cdktf/provider-kubernetes/lib/network-policy-v1';

/** All pods of a namespace. Kubernetes sets this label to the name of the namespace, and nobody can change it. */
export function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } };
}

/** Lets pods look up names. The only resolver is the cluster's own, in `kube-system`. */
export function nameLookup(podSelector: NetworkPolicyV1SpecPodSelector): NetworkPolicyV1Spec {
  return {
    podSelector,
    policyTypes: ['Egress'],
    egress: [{ to: [inNamespace('kube-system')], ports: [port(53, 'UDP'), port(53)] }],
  };
}

/** One port. The provider expects text. */
export function port(number: number, protocol: 'TCP' | 'UDP' = 'TCP') {
  return { port: String(number), protocol };
}

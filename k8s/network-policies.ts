// Who may talk to whom: only what is listed here is allowed. Needs a network plugin that enforces policies.
import {
  NetworkPolicyV1,
  type NetworkPolicyV1Spec,
  type NetworkPolicyV1SpecIngressFrom,
} from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { API_PORT, DATABASE, kubernetesLabels, selectorLabels } from '../infra/core/names';
import { DATABASE_CLIENT, databaseLabels } from './labels';
import { inNamespace, nameLookup, port } from './network-rule';

export interface NetworkPoliciesProps {
  readonly config: DeployConfig;
  /** Reference to the namespace. */
  readonly namespace: string;
}

/**
 * Denies everything in both directions by default, and has one policy for each allowed connection. Traffic of the node
 * itself is always allowed, so the probes of the kubelet and `kubectl port-forward` need no rule. No rule contains an
 * address, so no pod can reach the metadata service of a cloud (169.254.169.254) or anything outside the cluster. Must be
 * made before the workloads.
 */
export class NetworkPolicies extends Construct {
  constructor(scope: Construct, id: string, { config, namespace }: NetworkPoliciesProps) {
    super(scope, id);
    for (const [way, spec] of Object.entries(ways(config)))
      new NetworkPolicyV1(this, way, {
        metadata: { name: `${config.name}-${way}`, namespace, labels: kubernetesLabels(config, 'network') },
        spec,
      });
  }
}

const ALL_PODS = {};

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const clients = { matchLabels: { [DATABASE_CLIENT]: 'true' } };
  const database = { matchLabels: databaseLabels(config) };
  return {
    'default-deny': { podSelector: ALL_PODS, policyTypes: ['Ingress', 'Egress'] },
    dns: nameLookup(ALL_PODS),
    database: {
      podSelector: database,
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: clients }], ports: [port(DATABASE.port)] }],
    },
    // The API, the schema Job, backups and the health check need no other connection: dumps are written to a volume.
    'database-clients': {
      podSelector: clients,
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: database }], ports: [port(DATABASE.port)] }],
    },
    api: {
      podSelector: { matchLabels: selectorLabels(config, 'api') },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: ALL_PODS }, ...ingressControllers(config)], ports: [port(API_PORT)] },
      ],
    },
    ...(config.kubernetes.ingressIssuer === '' ? {} : { 'certificate-proof': certificateProof(config) }),
  };
}

// When the settings do not name the namespace of the ingress controller, every namespace is allowed. Otherwise the
// ingress would not work.
function ingressControllers({ kubernetes }: DeployConfig): readonly NetworkPolicyV1SpecIngressFrom[] {
  if (kubernetes.ingressNamespace !== '') return [inNamespace(kubernetes.ingressNamespace)];
  return kubernetes.ingressHost === '' ? [] : [{ namespaceSelector: {} }];
}

// cert-manager proves that we own the name with a temporary pod behind the ingress, which answers on port 8089.
function certificateProof(config: DeployConfig): NetworkPolicyV1Spec {
  return {
    podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [...ingressControllers(config)], ports: [port(8089)] }],
  };
}

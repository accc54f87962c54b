// Who may talk to whom: nobody, but for the ways that are listed here. Needs a network plugin that enforces policies.
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
 * Default deny in both directions, and one policy for each way. What the node itself sends always gets through, hence
 * the probes of the kubelet and `kubectl port-forward` need no rule. No rule names an address, so nothing here leads to
 * the metadata service of a cloud (169.254.169.254) or out of the cluster. Wire it before the workloads.
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
    // All that the API, the schema Job, backups and the check of the jobs need: dumps stay on a volume of their own.
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

// An ingress whose controller has no named namespace would lead nowhere, hence any namespace may ask for it then.
function ingressControllers({ kubernetes }: DeployConfig): readonly NetworkPolicyV1SpecIngressFrom[] {
  if (kubernetes.ingressNamespace !== '') return [inNamespace(kubernetes.ingressNamespace)];
  return kubernetes.ingressHost === '' ? [] : [{ namespaceSelector: {} }];
}

// cert-manager proves that the name is ours with a pod of its own beside the ingress, which answers on port 8089.
function certificateProof(config: DeployConfig): NetworkPolicyV1Spec {
  return {
    podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [...ingressControllers(config)], ports: [port(8089)] }],
  };
}

// Who may talk to whom: only what is listed here is allowed. Needs a network plugin that enforces policies.
import type {
  NetworkPolicyV1Spec,
  NetworkPolicyV1SpecIngressFrom,
} from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../infra/core/config';
import { API_PORT, DATABASE } from '../infra/core/names';
import { databaseSource } from './database-source';
import { DATABASE_CLIENT, type Place, selectorLabels } from './metadata';
import { addPolicies, egress, ingress, inNamespace, nameLookup, port } from './network-policy';

/**
 * Denies everything in both directions by default, and has one policy for each allowed connection. Traffic of the node
 * itself is always allowed, so the probes of the kubelet and `kubectl port-forward` need no rule. The only
 * addresses in a rule are those of resolvers on the nodes, so no pod can reach the metadata service of a cloud
 * (169.254.169.254) or anything outside the cluster. Must be made before the workloads.
 */
export function addNetworkPolicies(stack: Construct, place: Place): void {
  addPolicies(stack, place, ways(place.config));
}

const ALL_PODS = {};

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const clients = { matchLabels: { [DATABASE_CLIENT]: 'true' } };
  const database = { matchLabels: { ...databaseSource(config).pods } };
  const api = { matchLabels: selectorLabels(config, 'api') };
  const controllers = ingressControllers(config);
  // cert-manager proves that we own the name with a temporary pod behind the ingress, which answers on port 8089.
  const proof = { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } };
  return {
    'default-deny': { podSelector: ALL_PODS, policyTypes: ['Ingress', 'Egress'] },
    dns: nameLookup(ALL_PODS, config),
    database: ingress(database, [{ podSelector: clients }], [port(DATABASE.port)]),
    // The API, the schema Job, backups and the health check need no other connection: dumps are written to a volume.
    'database-clients': egress(clients, [{ podSelector: database }], [port(DATABASE.port)]),
    api: ingress(api, [{ podSelector: ALL_PODS }, ...controllers], [port(API_PORT)]),
    ...(config.kubernetes.ingressIssuer === ''
      ? {}
      : { 'certificate-proof': ingress(proof, controllers, [port(8089)]) }),
  };
}

// When the settings do not name the namespace of the ingress controller, every namespace is allowed. Otherwise the
// ingress would not work.
function ingressControllers({ kubernetes }: DeployConfig): NetworkPolicyV1SpecIngressFrom[] {
  if (kubernetes.ingressNamespace !== '') return [inNamespace(kubernetes.ingressNamespace)];
  return kubernetes.ingressHost === '' ? [] : [{ namespaceSelector: {} }];
}

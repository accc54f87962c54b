// Traffic of the brokers and of the operator beside them. Everything that no policy lists is denied.
import type { NetworkPolicyV1, NetworkPolicyV1Spec } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import type { Place } from '../metadata';
import { addPolicies, egress, ingress, inNamespace, nameLookup, network, port } from '../network-policy';
import { clients } from './cluster';
import { kafkaNames, PORTS } from './names';

export function addKafkaNetwork(stack: Construct, place: Place): readonly NetworkPolicyV1[] {
  return addPolicies(stack, place, ways(place.config), 'kafka-');
}

const ALL_PODS = {};

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const { brokerPods, entityOperatorPods } = kafkaNames(config);
  const brokers = { matchLabels: brokerPods };
  const entityOperator = { matchLabels: entityOperatorPods };
  const among = [port(PORTS.control), port(PORTS.replication)];
  const operator = inNamespace(config.kafka.operatorNamespace);
  return {
    'default-deny': { podSelector: ALL_PODS, policyTypes: ['Ingress', 'Egress'] },
    dns: nameLookup(ALL_PODS, config),
    peers: {
      ...ingress(brokers, [{ podSelector: brokers }], among),
      ...egress(brokers, [{ podSelector: brokers }], among),
      policyTypes: ['Ingress', 'Egress'],
    },
    operator: ingress(brokers, [operator], [...among, port(PORTS.agent)]),
    clients: ingress(brokers, clients(config), [port(PORTS.clients)]),
    'entity-operator': ingress(brokers, [{ podSelector: entityOperator }], [port(PORTS.replication)]),
    'topics-and-users': egress(entityOperator, [{ podSelector: brokers }], [port(PORTS.replication)]),
    // Brokers read their certificates, and the entity operator its objects, from the Kubernetes API, which no policy can select.
    api: egress(ALL_PODS, [network('0.0.0.0/0')], [port(443), port(6443)]),
  };
}

// Traffic that the operator's pods need. The kubernetes stack denies everything that no policy lists.
import type { NetworkPolicyV1, NetworkPolicyV1Spec } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import type { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE } from '../../infra/core/names';
import type { Place } from '../metadata';
import {
  addPolicies,
  egress,
  ingress,
  inNamespace,
  nameLookup,
  network,
  outsidePorts,
  port,
} from '../network-policy';
import { haNames } from './names';

/** Instances and poolers talk to each other, to the operator, to the Kubernetes API and to the object store. */
export function addHaNetwork(stack: Construct, place: Place): readonly NetworkPolicyV1[] {
  return addPolicies(stack, place, ways(place.config), 'ha-');
}

/** Status and control of an instance. */
const CONTROL_PORT = 8000;

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const podSelector = { matchLabels: haNames(config).pods };
  const database = [port(DATABASE.port), port(CONTROL_PORT)];
  return {
    peers: {
      ...ingress(podSelector, [{ podSelector }], database),
      ...egress(podSelector, [{ podSelector }], database),
      policyTypes: ['Ingress', 'Egress'],
    },
    operator: ingress(podSelector, [inNamespace(config.ha.operatorNamespace)], database),
    dns: nameLookup(podSelector, config),
    // An instance asks the Kubernetes API who is primary, and no policy can select that API. Only the metadata service of
    // the cloud, which hands out the node's identity, stays closed.
    outside: egress(podSelector, [network('0.0.0.0/0')], outsidePorts(config.ha.backupEndpoint)),
  };
}

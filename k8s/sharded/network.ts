// Traffic of coordinator, shards and the operator's Jobs. The kubernetes stack denies everything that no policy lists.
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
import { NODE_LABEL } from './names';

export function addShardedNetwork(stack: Construct, place: Place): readonly NetworkPolicyV1[] {
  return addPolicies(stack, place, ways(place.config), 'sharded-');
}

/** Patroni's own port: status and control of an instance. */
const CONTROL_PORT = 8009;

/** What the operator writes into the label `app` of its pods: of instances, backups and operations. */
const APPS = [
  'StackGresCluster',
  'StackGresShardedCluster',
  'StackGresBackup',
  'StackGresShardedBackup',
  'StackGresDbOps',
  'StackGresShardedDbOps',
];

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const nodes = { matchExpressions: [{ key: NODE_LABEL, operator: 'Exists' }] };
  const all = { matchExpressions: [{ key: 'app', operator: 'In', values: APPS }] };
  const database = [port(DATABASE.port), port(CONTROL_PORT)];
  return {
    // The coordinator asks the shards, and shards send rows to each other when they are moved.
    peers: {
      ...ingress(nodes, [{ podSelector: nodes }], database),
      ...egress(nodes, [{ podSelector: nodes }], database),
      policyTypes: ['Ingress', 'Egress'],
    },
    operator: ingress(nodes, [inNamespace(config.sharded.operatorNamespace)], database),
    dns: nameLookup(all, config),
    // Instances and Jobs ask the Kubernetes API, which no policy can select, fetch Citus, and write backups. Only the metadata
    // service of the cloud, which hands out the node's identity, stays closed.
    outside: egress(all, [network('0.0.0.0/0')], outsidePorts(config.sharded.backupEndpoint)),
  };
}

// Traffic that the operator's pods need. The kubernetes stack denies everything that no policy lists.
import { NetworkPolicyV1, type NetworkPolicyV1Spec } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import { Construct } from 'constructs';
import type { DeployConfig } from '../../infra/core/config';
import { DATABASE, kubernetesLabels } from '../../infra/core/names';
import { databaseLabels } from '../labels';
import { inNamespace, nameLookup, port } from '../network-rule';

export interface HaNetworkProps {
  readonly config: DeployConfig;
  readonly namespace: string;
}

/** Instances and poolers talk to each other, to the operator, to the Kubernetes API and to the object store. */
export class HaNetwork extends Construct {
  readonly policies: readonly NetworkPolicyV1[];

  constructor(scope: Construct, id: string, { config, namespace }: HaNetworkProps) {
    super(scope, id);
    this.policies = Object.entries(ways(config)).map(
      ([way, spec]) =>
        new NetworkPolicyV1(this, way, {
          metadata: {
            name: `${config.name}-ha-${way}`,
            namespace,
            labels: kubernetesLabels(config, 'network'),
          },
          spec,
        }),
    );
  }
}

/** Status and control of an instance. */
const CONTROL_PORT = 8000;

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const podSelector = { matchLabels: databaseLabels(config) };
  const database = [port(DATABASE.port), port(CONTROL_PORT)];
  return {
    peers: {
      podSelector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector }], ports: database }],
      egress: [{ to: [{ podSelector }], ports: database }],
    },
    operator: {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [{ from: [inNamespace(config.ha.operatorNamespace)], ports: database }],
    },
    dns: nameLookup(podSelector),
    // An instance asks the Kubernetes API who is primary, and no policy can select that API. Only the metadata service of
    // the cloud, which hands out the node's identity, stays closed.
    outside: {
      podSelector,
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }],
          ports: outsidePorts(config).map((number) => port(number)),
        },
      ],
    },
  };
}

function outsidePorts({ ha }: DeployConfig): readonly number[] {
  const own = ha.backupEndpoint === '' ? '' : new URL(ha.backupEndpoint).port;
  const http = ha.backupEndpoint.startsWith('http:') && own === '' ? [80] : [];
  return [...new Set([443, 6443, ...http, ...(own === '' ? [] : [Number(own)])])];
}

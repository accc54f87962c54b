// Which brokers and registries the consumers reach, and who may read their metrics.

import type { NetworkPolicyV1Spec } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import type { Construct } from 'constructs';
import { addressOf } from '../../infra/core/address';
import type { DeployConfig } from '../../infra/core/config';
import { STREAM_PORT } from '../../infra/core/names';
import type { Place } from '../metadata';
import { addPolicies, egress, ingress, port } from '../network-policy';
import { placeOf } from './broker-place';
import { CONSUMER_OF } from './consumer';

/** Name lookup and the database are open to the consumers by policies of the stack. */
export function addConsumerNetwork(scope: Construct, place: Place): void {
  addPolicies(scope, place, ways(place.config));
}

/** Where Entra ID gives tokens for an identity. It has no addresses of its own that a rule could name. */
const TOKENS = { host: 'login.microsoftonline.com', port: 443 };

function ways(config: DeployConfig): Readonly<Record<string, NetworkPolicyV1Spec>> {
  const { kafkaBrokers, kafkaSasl, schemaRegistry, mqttUrl } = config.streams;
  const kafka = [
    ...kafkaBrokers.map(addressOf),
    ...(schemaRegistry === '' ? [] : [addressOf(schemaRegistry)]),
    ...(kafkaSasl === 'azure' ? [TOKENS] : []),
  ];
  return {
    ...(kafkaBrokers.length === 0 ? {} : waysOf(config, 'kafka', kafka)),
    ...(mqttUrl === '' ? {} : waysOf(config, 'mqtt', [addressOf(mqttUrl)])),
  };
}

function waysOf(config: DeployConfig, broker: string, addresses: readonly ReturnType<typeof addressOf>[]) {
  const pods = { matchLabels: { [CONSUMER_OF]: broker } };
  const { to, ports } = placeOf(addresses, config);
  return {
    [`${broker}-brokers`]: egress(pods, to, ports),
    // Whoever reads the metrics of the API in this namespace reads these, too.
    [`${broker}-metrics`]: ingress(pods, [{ podSelector: {} }], [port(STREAM_PORT)]),
  };
}

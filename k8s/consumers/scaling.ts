// Keeps consumers of Kafka running while nodes are drained, and lets KEDA add some when records wait.
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { Construct } from 'constructs';
import { CERTIFICATE_KEYS, mostKafkaConsumers, scalesByLag } from '../../infra/core/settings/consumers';
import { hasKafkaPassword, type StreamsConfig } from '../../infra/core/settings/streams';
import { addOperatorObject } from '../ha/manifest';
import { metadata, type Place, selectorLabels } from '../metadata';
import type { BrokerSecrets } from './broker-files';

/** As in the definitions of version 2.20 of KEDA. */
const KEDA_API = 'keda.sh/v1alpha1';

export interface KafkaScalingProps {
  readonly component: string;
  /** Name of the Deployment, as a reference. */
  readonly deployment: string;
  readonly secrets: BrokerSecrets;
}

export function addKafkaScaling(parent: Construct, place: Place, props: KafkaScalingProps): void {
  const { component } = props;
  const { config } = place;
  const scope = new Construct(parent, 'scaling');
  new PodDisruptionBudgetV1(scope, 'budget', {
    metadata: metadata(place, component),
    spec: { maxUnavailable: '1', selector: { matchLabels: selectorLabels(config, component) } },
  });
  if (scalesByLag(config.consumers)) addScaledObject(scope, place, props);
}

/**
 * Terraform looks up both kinds in the cluster while it plans, so KEDA must be installed by then. It reads the lag from the offsets
 * that the consumers commit to the brokers behind their transactions.
 */
function addScaledObject(scope: Construct, place: Place, props: KafkaScalingProps): void {
  const { component, deployment } = props;
  const { streams, consumers, name } = place.config;
  const common = { component, name: `${name}-${component}`, apiVersion: KEDA_API };
  const login = loginOf(streams, props.secrets);
  const hasLogin = Object.keys(login).length > 0;
  const after = hasLogin
    ? [
        addOperatorObject(scope, place, {
          ...common,
          id: 'login',
          kind: 'TriggerAuthentication',
          spec: login,
        }),
      ]
    : [];
  addOperatorObject(scope, place, {
    ...common,
    id: 'lag',
    kind: 'ScaledObject',
    spec: {
      scaleTargetRef: { name: deployment },
      minReplicaCount: consumers.kafkaReplicas,
      maxReplicaCount: mostKafkaConsumers(consumers),
      advanced: { horizontalPodAutoscalerConfig: { behavior: BEHAVIOUR } },
      triggers: [
        {
          type: 'kafka',
          // Without a topic, it counts all topics of the group, which are the declared ones.
          metadata: {
            bootstrapServers: streams.kafkaBrokers.join(','),
            consumerGroup: streams.kafkaGroup,
            lagThreshold: String(consumers.kafkaLag),
            // A partition without an offset has not been read at all.
            offsetResetPolicy: 'earliest',
            allowIdleConsumers: 'false',
            tls: streams.kafkaTls ? 'enable' : 'disable',
            sasl: KEDA_SASL[streams.kafkaSasl],
          },
          ...(hasLogin ? { authenticationRef: { name: common.name } } : {}),
        },
      ],
    },
    after,
  });
}

/** What KEDA calls them. It has no word for an identity of Azure, which the settings refuse together with it. */
const KEDA_SASL: Readonly<Record<StreamsConfig['kafkaSasl'], string>> = {
  none: 'none',
  azure: 'none',
  plain: 'plaintext',
  'scram-sha-256': 'scram_sha256',
  'scram-sha-512': 'scram_sha512',
};

// The user name is in the environment of the consumer, and everything else in the same Secrets that it mounts.
function loginOf(streams: StreamsConfig, { password, certificate, authorities }: BrokerSecrets) {
  const keys = certificate === undefined ? undefined : CERTIFICATE_KEYS[certificate.keys];
  const secretTargetRef = [
    ...(password === undefined ? [] : [{ parameter: 'password', name: password, key: 'password' }]),
    ...(authorities === '' ? [] : [{ parameter: 'ca', name: authorities, key: 'ca.crt' }]),
    ...(certificate === undefined || keys === undefined
      ? []
      : [
          { parameter: 'cert', name: certificate.secret, key: keys.certificate },
          { parameter: 'key', name: certificate.secret, key: keys.key },
        ]),
  ];
  return {
    ...(secretTargetRef.length === 0 ? {} : { secretTargetRef }),
    ...(hasKafkaPassword(streams)
      ? { env: [{ parameter: 'username', name: 'TSDB_KAFKA_USERNAME', containerName: 'consumer' }] }
      : {}),
  };
}

/** Each change moves partitions between consumers. So it adds two at a time at most, and takes away one after ten quiet minutes. */
const BEHAVIOUR = {
  scaleUp: {
    stabilizationWindowSeconds: 30,
    policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }],
  },
  scaleDown: {
    stabilizationWindowSeconds: 600,
    policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
  },
};

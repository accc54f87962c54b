// Wires a Kafka of the operator Strimzi: namespace with its rules, brokers, topics, users.
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { BaseStack } from '../../infra/core/base-stack';
import type { DeployConfig } from '../../infra/core/config';
import { type AksReference, addClusterProvider } from '../cluster-provider';
import { addOperatorObject, type OperatorObject } from '../ha/manifest';
import { addLimits, startAfter } from '../limits';
import type { Place } from '../metadata';
import { addNamespace } from '../namespace';
import { addRolloutOutput, RolloutCheck, type RolloutProps } from '../rollout';
import { addStorageClass } from '../storage';
import { kafkaClassName, kafkaCluster, nodePool } from './cluster';
import { kafkaNames } from './names';
import { addKafkaNetwork } from './network';
import { kafkaQuota } from './quota';
import { topics, users } from './topics';

export interface KubernetesKafkaStackProps {
  readonly config: DeployConfig;
  /** The cluster to deploy into, when stack `aks` makes it. */
  readonly aks?: AksReference | undefined;
}

/** In minutes: brokers are made, or restarted, one after the other. Topics and users are made within two of its rounds. */
const CLUSTER_LIMIT = 60;
const ENTITY_LIMIT = 10;

/**
 * A separate stack, because Terraform looks up the operator's kinds in the cluster while it plans, and in a namespace of its own,
 * because other programs than those of the deployment may use it. It can be added to a deployment at any time.
 */
export class KubernetesKafkaStack extends BaseStack {
  constructor(scope: Construct, id: string, { config, aks }: KubernetesKafkaStackProps) {
    super(scope, id, { config, tags: {} });
    addClusterProvider(this, config, aks);
    const place = { config, namespace: addNamespace(this, config, { name: kafkaNames(config).namespace }) };
    const policies = addKafkaNetwork(this, place);
    const classes = addStorageClass(this, config, kafkaClassName(config));
    const pool = nodePool(config);
    const brokers = this.protected(place, { ...pool, after: [...policies, ...classes] });
    const cluster = this.protected(place, { ...kafkaCluster(config, pool), after: [brokers] });
    startAfter(addLimits(this, place, kafkaQuota(config)), this, ['pool', 'kafka']);
    const up = this.check(place, cluster, {
      kind: 'Kafka',
      name: kafkaNames(config).cluster,
      minutes: CLUSTER_LIMIT,
    });

    const entities = [
      ...topics(config).map((topic) => ({ object: topic, kind: 'KafkaTopic' as const })),
      ...users(config).map((user) => ({ object: user, kind: 'KafkaUser' as const })),
    ];
    const checks = entities.map(({ object, kind }) => {
      const made =
        kind === 'KafkaTopic'
          ? this.protected(place, { ...object, after: [up] })
          : addOperatorObject(this, place, { ...object, after: [up] });
      return this.check(place, made, { kind, name: object.name, minutes: ENTITY_LIMIT });
    });
    addRolloutOutput(this, place.namespace, [up, ...checks]);
    this.addOutputs(config);
  }

  /** Deleting it deletes records. */
  private protected(place: Place, object: OperatorObject) {
    const made = addOperatorObject(this, place, object);
    made.lifecycle = { preventDestroy: place.config.protectData };
    made.putTimeouts({ delete: '15m' });
    return made;
  }

  private check(
    { namespace }: Place,
    object: ReturnType<typeof addOperatorObject>,
    props: Pick<RolloutProps, 'kind' | 'name' | 'minutes'>,
  ): RolloutCheck {
    const declared = object.manifestInput;
    return new RolloutCheck(object, `${object.node.id}-rollout`, { ...props, namespace, declared });
  }

  private addOutputs(config: DeployConfig): void {
    const { namespace, brokers, consumer, authorities } = kafkaNames(config);
    const copy = (secret: string): string =>
      `kubectl --namespace ${namespace} get secret ${secret} --output json | jq '{apiVersion, kind, type, data, metadata: {name: .metadata.name}}' | kubectl --namespace ${config.name} apply --filename -`;
    const outputs = {
      brokers: [brokers, 'TSDB_DEPLOY_KAFKA_BROKERS of the consumers'],
      copy_login: [copy(consumer), 'Copies the login of the consumer to the namespace of the deployment'],
      copy_authorities: [copy(authorities), 'Copies the authority of the brokers there'],
      kafka_status: [
        `kubectl --namespace ${namespace} get kafkas,kafkanodepools,kafkatopics,kafkausers,pods`,
        'Everything that runs, or should',
      ],
    } as const;
    for (const [name, [value, description]] of Object.entries(outputs))
      new TerraformOutput(this, name, { value, description });
  }
}

// What is to be waited for, as the stack declares it in its output `rollout` and hands it to the check.
import { UsageError } from '../../db/core/errors';

export const ROLLOUT_KINDS = [
  ...(['StatefulSet', 'Deployment', 'Job'] as const),
  ...(['Cluster', 'Pooler', 'SGShardedCluster'] as const),
  ...(['Kafka', 'KafkaTopic', 'KafkaUser'] as const),
] as const;
export type RolloutKind = (typeof ROLLOUT_KINDS)[number];

/** An object that must come up. */
export interface RolloutTarget {
  readonly kind: RolloutKind;
  readonly name: string;
  /** Longer than the limits of its own pods, in seconds. */
  readonly seconds: number;
}

export interface RolloutRequest {
  readonly namespace: string;
  /** In the order in which they come up. */
  readonly targets: readonly RolloutTarget[];
  /** The cluster, when Terraform reads its address from the cloud; else the kubeconfig of the stack says it. */
  readonly cluster?: { readonly host: string; readonly certificate: string };
}

/** @throws UsageError when the text is none of ours. */
export function parseRequest(text: string): RolloutRequest {
  const broken = (cause?: unknown): UsageError =>
    new UsageError(`this does not say what to wait for: ${text.slice(0, 200)}`, { cause });
  let request: RolloutRequest;
  try {
    request = JSON.parse(text) as RolloutRequest;
  } catch (error) {
    throw broken(error);
  }
  const isTarget = ({ kind, name }: RolloutTarget): boolean =>
    ROLLOUT_KINDS.includes(kind) && typeof name === 'string';
  if (typeof request?.namespace !== 'string' || !request.targets?.every?.(isTarget)) throw broken();
  return request;
}

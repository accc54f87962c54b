// Judges objects of the operator Strimzi (pure): a Kafka with its brokers, a topic, a user. The operator writes the condition of the
// newest version after everything is as declared; for a Kafka, after all brokers run with it.
import { conditionOf, type Surroundings, type Workload } from '../objects';
import { complete, progressing, type Trouble, type Verdict } from '../verdict';
import { podTrouble } from './pod-trouble';

/** Label of all pods of a Kafka, also of the operator for its topics and users. */
const CLUSTER = 'strimzi.io/cluster';

/** In seconds. The operator tries again every two minutes. */
const REFUSED = 300;

export function judgeStrimzi(object: Workload, around: Surroundings): Verdict {
  const { metadata, status = {} } = object;
  const isSeen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 1);
  if (isSeen && conditionOf(object, 'Ready')?.status === 'True') return complete('ready');
  const pods = around.pods.filter(({ metadata: { labels } }) => labels?.[CLUSTER] === metadata.name);
  const [trouble] = pods.flatMap((pod) => podTrouble(pod, around) ?? []);
  const text = isSeen ? 'not ready' : 'the operator has not finished with the new version';
  return progressing(text, trouble ?? (isSeen ? refused(object) : undefined));
}

function refused(object: Workload): Trouble | undefined {
  const condition = conditionOf(object, 'NotReady');
  if (condition === undefined) return undefined;
  const { reason = 'NotReady', message = '' } = condition;
  return { key: `refused ${reason}`, text: `${reason}: ${message}`, patience: REFUSED };
}

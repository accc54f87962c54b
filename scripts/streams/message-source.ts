// What the consumer needs of a broker with partitions and offsets. An adapter implements it for each library.
import type { Message } from '../../api/streams/message';

/** A partition of a topic. */
export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** Messages of one partition that continue exactly where the previous ones ended; none when only records that readers do not see were there. */
export interface Fetched extends Partition {
  readonly messages: readonly Message[];
  /** The first offset after them. It may lie further than the last message, because brokers keep offsets for other purposes too. */
  readonly nextOffset: bigint;
  /** The end of the partition when they were fetched, for the lag. */
  readonly endOffset: bigint;
}

/** What the consumer does when something happens. */
export interface SourceEvents {
  /**
   * Partitions were assigned, after every rebalance all of them. Nothing of a partition is fetched before its `seek`.
   * Partitions of an earlier assignment that are not among them belong to others now.
   */
  assigned(partitions: readonly Partition[]): void;
  /** Messages have arrived. The consumer pauses the partition when it has enough. */
  fetched(fetched: Fetched): void;
  /** The source has lost its place in a partition; the consumer seeks again, and nothing arrives until then. */
  strayed(at: Partition): void;
  /** The source cannot go on by itself, for example because records were deleted before they were read. */
  failed(error: Error): void;
}

/** A broker. */
export interface MessageSource {
  /** Connects and joins the group; messages come by the events until `stop`. */
  start(events: SourceEvents): Promise<void>;
  /**
   * Fetches a partition from an offset on; undefined = its beginning. From the call on, nothing arrives that was fetched before.
   * @param from where to begin, before `offset`, if the partition still has it
   * @throws UsageError when the partition does not have the offset any more, or not yet: nothing is skipped.
   */
  seek(partition: Partition, offset: bigint | undefined, from?: bigint): Promise<void>;
  /** Fetches no more of a partition until `resume`. Messages that are on their way still arrive. */
  pause(partition: Partition): void;
  resume(partition: Partition): void;
  /** Tells the broker how far the group is, for its tools. Nothing depends on it. */
  commit(partition: Partition, nextOffset: bigint): Promise<void>;
  /** Leaves the group and disconnects. */
  stop(): Promise<void>;
}

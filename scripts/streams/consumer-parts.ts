// What consumers work with.
import type { FastifyBaseLogger } from 'fastify';
import type { Pool } from 'pg';
import type { MessageDestination, StoredMessages } from '../../api/streams/store-messages';
import type { MessageSource } from './message-source';
import type { GroupPartition } from './positions';

/** Takes log lines. */
export type StreamLog = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>;

/** Counts what was stored. */
export interface StreamMetrics {
  stored(topic: string, messages: number, rows: StoredMessages, seconds: number): void;
}

/** Sends refused records to dead-letter topics. */
export interface LetterPublisher {
  /** Sends everything that waits in the outbox for the partition. */
  publish(partition: GroupPartition): Promise<void>;
  stop(): Promise<void>;
}

/** What a consumer works with. */
export interface ConsumerOptions {
  readonly source: MessageSource;
  readonly group: string;
  /** Where the messages of each topic go. */
  readonly topics: ReadonlyMap<string, MessageDestination>;
  readonly pool: Pool;
  /** Undefined when refused records are kept in the database only. */
  readonly letters: LetterPublisher | undefined;
  /** A batch is written when it has so many records, or when its first one has waited so many milliseconds. */
  readonly batch: { readonly rows: number; readonly ms: number };
  readonly log: StreamLog;
  readonly metrics: StreamMetrics;
}

/** What the consumer of a partition works with. */
export interface ConsumerParts extends ConsumerOptions {
  /** Runs as many writes at a time as there are connections. */
  readonly limit: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onFailure: (error: Error) => void;
  /** What the waiting messages of all partitions take. */
  readonly backlog: Backlog;
}

/** Messages in memory. */
export interface Backlog {
  bytes: number;
  /** Call it when there is room again. */
  readonly onRoom: () => void;
}

// Records of Kafka as messages of streams.
import type { Message } from '../../../api/streams/message';
import type { Partition } from '../message-source';

/** A record as kafkajs gives it. */
export interface KafkaRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;
}

type HeaderValue = Buffer | string;

/** The message of a record. */
export function messageFrom({ topic, partition }: Partition, given: KafkaRecord): Message {
  const { offset, timestamp, key, value, headers } = given;
  return {
    topic,
    partition,
    offset: BigInt(offset),
    timestamp: Number(timestamp),
    key,
    value,
    headers: headers === undefined ? NO_HEADERS : headersFrom(headers),
  };
}

const NO_HEADERS: Message['headers'] = [];

/** The headers that have values. */
export function headersFrom(headers: NonNullable<KafkaRecord['headers']>): Message['headers'] {
  return Object.entries(headers).flatMap(([name, given]) =>
    // The library adds a member of every object to the values of a header with its name, such as `constructor`.
    [given ?? []]
      .flat()
      .filter((value) => Buffer.isBuffer(value) || typeof value === 'string')
      .map((value) => [name, Buffer.from(value as Buffer)] as const),
  );
}

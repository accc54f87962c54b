// A message of a broker as streams see it, and the interface of what reads messages.

/** A message, with its bytes as they came. */
export interface Message {
  /** The topic as the broker names it; of MQTT the topic that the message was published to. */
  readonly topic: string;
  /** Place in the topic; both are 0 for MQTT, which has none. */
  readonly partition: number;
  readonly offset: bigint;
  /** In milliseconds: the time that the broker has for it; of MQTT the time of receipt. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** Where a row of a message came from: the `source` of its `SentRow`, from which a dead letter can be written. */
export interface MessageRow {
  readonly message: Message;
  readonly broker: 'kafka' | 'mqtt';
  /** 1-based: the place in a message that holds an array of rows; otherwise 1. */
  readonly line: number;
  /** Set for a row of an array. */
  readonly isOneOfMany?: true;
  /** The value of the row, where the bytes of the message are not its text: a row of an array, or of a format that is not JSON. */
  readonly decoded?: unknown;
  /** The key as it was decoded by a schema. */
  readonly decodedKey?: unknown;
  /** Whether the message itself names the time of the row: then the same message once more is the same reading. */
  readonly hasOwnTime: boolean;
}

/** A `SentRow` of a message: its value is an object of columns. */
export interface SentMessageRow {
  readonly line: number;
  readonly source: MessageRow;
  readonly value?: unknown;
  readonly reason?: string;
}

/** Reads the messages of one stream. */
export interface MessageReader {
  /**
   * Loads what reading these messages needs, such as their schemas from a registry.
   * @throws an error that passes by itself (the registry cannot be reached); a schema that does not exist is a fault of the message.
   */
  prepare(messages: readonly Message[]): Promise<void>;
  /**
   * The rows of a message, with a reason where a row, or the message as a whole, cannot be read. Never empty, never throws.
   * @param before what was decoded before: then the message is this one row.
   */
  rows(message: Message, before?: Decoded): readonly SentMessageRow[];
}

/** What a message says, decoded. */
export type Decoded = Pick<MessageRow, 'decoded' | 'decodedKey'>;

/** The time of a message as text; undefined when the broker has none. */
export function timeOfMessage({ timestamp }: Message): string | undefined {
  return timestamp >= 0 && timestamp <= LATEST_MS ? new Date(timestamp).toISOString() : undefined;
}

/** The last time that JavaScript has. */
const LATEST_MS = 8.64e15;

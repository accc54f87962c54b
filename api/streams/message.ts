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
  /** 1-based: the place in a message that holds an array of rows; otherwise 1. */
  readonly line: number;
  /** The value of the row, where that is not what the bytes of the message say as they are: a row of an array, or a decoded one. */
  readonly decoded?: unknown;
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
  /** The rows of a message, with a reason where a row, or the message as a whole, cannot be read. Never empty, never throws. */
  rows(message: Message): readonly SentMessageRow[];
}

// The parts of a message that columns are filled with.
import { messageOf } from '../../db/core/errors';
import { unwrapEnvelope } from './connect-envelope';
import { type Decoder, schemaOf, textOf, Unreadable } from './decoder';
import { isObject } from './members';
import { type Message, timeOfMessage } from './message';

/** How the parts of the messages of a stream are read. */
export interface PartsOptions {
  readonly decoder: Decoder;
  /** Whether the envelope of Kafka Connect is taken off. */
  readonly unwraps: boolean;
}

/** A message with one of its values. Keys and headers are read only when a column takes them. All of it may throw Unreadable. */
export class MessageParts {
  constructor(
    private readonly options: PartsOptions,
    readonly message: Message,
    private readonly levels: ReadonlyMap<string, string>,
    /** The value of the message, or one of its array. */
    readonly value: unknown,
    /** The key as it was decoded by a schema; undefined when it was not. */
    public decodedKey: unknown,
  ) {}

  /** The key as text; undefined when there is none. */
  keyText(): string | undefined {
    const { key } = this.message;
    if (key === null) return undefined;
    if (this.decodedKey === undefined && !(this.options.decoder.needsSchema && schemaOf(key) !== undefined))
      return named('the key', () => textOf(key));
    const value = this.keyValue();
    if (isObject(value) || Array.isArray(value) || value === null)
      throw new Unreadable('the key is not a single value; take a member of it, such as $key.id');
    return String(value);
  }

  /** The key as a value of the format; undefined when there is none. */
  keyValue(): unknown {
    const { key } = this.message;
    if (key === null) return undefined;
    if (this.decodedKey !== undefined) return this.decodedKey;
    const { decoder, unwraps } = this.options;
    const read = named('the key', () => decoder.key(key));
    const value = unwraps ? unwrapEnvelope(read) : read;
    if (decoder.needsSchema) this.decodedKey = value;
    return value;
  }

  /** The text of the last header with this name. */
  header(name: string): string | undefined {
    const found = this.message.headers.findLast(([given]) => given === name);
    return found && named(`header ${name}`, () => textOf(found[1]));
  }

  /** A level of an MQTT topic. */
  level(name: string): string | undefined {
    return this.levels.get(name);
  }

  /** RFC 3339; undefined when the broker has no time for the message. */
  timestamp(): string | undefined {
    return timeOfMessage(this.message);
  }
}

/** What `read` returns; a fault names the part of the message. */
function named<T>(part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Unreadable(`${part}: ${messageOf(error)}`);
  }
}

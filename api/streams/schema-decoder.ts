// Values that a schema of a registry describes: a zero byte, the number of the schema, and the bytes of Avro or Protobuf.
// https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
import { messageOf } from '../../db/core/errors';
import { parseJson } from '../../db/core/exact-json';
import type { MessageFormat } from '../../db/language/stream';
import { avroReader } from './avro';
import { type Decoder, HEADER, jsonDecoder, schemaOf, Unreadable } from './decoder';
import type { Message } from './message';
import { protobufReader } from './protobuf';
import type { RegisteredSchema, SchemaRegistry } from './schema-registry';

type Format = Exclude<MessageFormat, 'json'>;
type Read = (bytes: Buffer) => unknown;

const TYPES = { avro: 'AVRO', protobuf: 'PROTOBUF' } as const;

/** How a stream of this format is decoded. */
export function decoderOf(format: MessageFormat, registry: SchemaRegistry | undefined): Decoder {
  return format === 'json' ? jsonDecoder : schemaDecoder(format, registry);
}

function schemaDecoder(format: Format, registry: SchemaRegistry | undefined): Decoder {
  const readers = new Map<number, Read | Unreadable>();

  async function load(id: number, from: SchemaRegistry): Promise<void> {
    try {
      readers.set(id, readerOf(format, id, await from.schema(id)));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      readers.set(id, error);
    }
  }

  const read = (bytes: Buffer): unknown => {
    const id = schemaOf(bytes);
    if (id === undefined)
      throw new Unreadable(
        `it does not begin with the number of its schema, as values of ${format} from a registry do`,
      );
    const reader = readers.get(id);
    if (reader === undefined)
      throw new Unreadable(
        registry === undefined
          ? `it needs schema ${id} of a registry; set TSDB_SCHEMA_REGISTRY`
          : `its schema ${id} was not loaded`,
      );
    if (reader instanceof Unreadable) throw reader;
    return reader(bytes.subarray(HEADER));
  };

  return {
    needsSchema: true,
    prepare: async (messages) => {
      if (registry === undefined) return;
      const ids = new Set(messages.flatMap(schemasOf));
      // A schema that was not there may be there now.
      const missing = [...ids].filter((id) => typeof readers.get(id) !== 'function');
      await Promise.all(missing.map((id) => load(id, registry)));
    },
    value: read,
    // Keys often are plain texts, or JSON.
    key: (bytes) => (readers.has(schemaOf(bytes) ?? -1) ? read(bytes) : jsonDecoder.key(bytes)),
  };
}

const schemasOf = ({ key, value }: Message): readonly number[] =>
  [schemaOf(key), schemaOf(value)].filter((id) => id !== undefined);

function readerOf(format: Format, id: number, { type, text, references }: RegisteredSchema): Read {
  if (type !== TYPES[format])
    throw new Unreadable(`its schema ${id} is of type ${type}, and the stream has the format ${format}`);
  try {
    if (format === 'protobuf') return protobufReader(text, references);
    return avroReader(
      schemaJson(text),
      references.map((reference) => schemaJson(reference.text)),
    );
  } catch (error) {
    throw new Unreadable(`schema ${id}: ${messageOf(error)}`);
  }
}

/** The text of a schema that is a single name may stand without quotes. */
function schemaJson(text: string): unknown {
  return /^\s*[\w.]+\s*$/.test(text) ? text.trim() : parseJson(text);
}

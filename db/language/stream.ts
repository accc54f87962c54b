// Streams as declared: which topic of a message broker goes into which hypertable, and how a message becomes a row.
import { UsageError } from '../core/errors';
import type { Column } from './columns';
import type { Hypertable } from './hypertable';
import { nameOf } from './names';

/** How the values of messages are written; `json` includes the envelope of Kafka Connect, `{ schema, payload }`. */
export type MessageFormat = 'json' | 'avro' | 'protobuf';

/** The unit of times that messages write as numbers since 1970. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

type PathMap<C extends string> = Readonly<Partial<Record<C, string>>>;

/** How messages become rows. */
export interface StreamOptions<C extends string = string> {
  /**
   * Where the value of a column comes from; a column that is not named takes the member with its own name. A path leads into the
   * value (`device.id`, `readings.0`), or begins with a part of the message: `$key` and `$key.path`, `$headers.name`, `$timestamp`
   * (the time that the broker has for the message; of MQTT the time of receipt), `$value` (the whole value, such as a bare number),
   * `$topic.name` (a level of an MQTT topic).
   */
  readonly map?: PathMap<C>;
  /** The unit of times that are numbers. Without it, the time of a message must be a text. */
  readonly timeUnit?: TimeUnit;
  /** What becomes of members that no column takes: the row is refused, which is the default; they are ignored; or a jsonb column keeps them. */
  readonly others?: 'refuse' | 'ignore' | { readonly column: C };
}

/** What streams of every broker have in common. */
interface StreamOf<C extends string> {
  readonly table: Hypertable<C>;
  /** As in the options. */
  readonly map: Readonly<Record<string, string>>;
  readonly timeUnit?: TimeUnit;
  readonly others: 'refuse' | 'ignore' | { readonly column: C };
}

/** A topic of Kafka. */
export interface KafkaStream<C extends string = string> extends StreamOf<C> {
  readonly kind: 'kafka';
  readonly topic: string;
  readonly format: MessageFormat;
}

/** Topics of MQTT, by a pattern. */
export interface MqttStream<C extends string = string> extends StreamOf<C> {
  readonly kind: 'mqtt';
  /** `plant/{site}/{sensor_id}/temperature`; the name in braces stands for one level. */
  readonly topic: string;
  /** As in the options. */
  readonly acceptDuplicates: boolean;
}

export type Stream = KafkaStream | MqttStream;

/**
 * Declares that the messages of a Kafka topic become rows of a table.
 * @throws UsageError for a name that Kafka does not allow, and for a map that does not fit the table.
 */
export function stream<const C extends string>(
  topic: string,
  table: Hypertable<C>,
  {
    key,
    format = 'json',
    ...options
  }: StreamOptions<NoInfer<C>> & {
    /** The column that the key of a message fills: short for a map to `$key`. */
    readonly key?: NoInfer<C>;
    readonly format?: MessageFormat;
  } = {},
): KafkaStream<C> {
  if (!/^[\w.-]{1,245}$/.test(topic))
    throw new UsageError(
      `stream "${topic}": a topic has 1 to 245 letters, digits, dots, hyphens or underscores, so that "${topic}.dlq" is a topic too`,
    );
  const map = { ...options.map, ...(key === undefined ? {} : { [key]: '$key' }) } as PathMap<C>;
  return Object.freeze({ kind: 'kafka', topic, format, ...common(topic, table, { ...options, map }) });
}

/**
 * Declares that the messages of MQTT topics become rows of a table. A level of the pattern in braces that has the name of a column
 * fills it.
 * @throws UsageError for a pattern that MQTT does not allow, and for a map that does not fit the table.
 */
export function mqttStream<const C extends string>(
  topic: string,
  table: Hypertable<C>,
  {
    acceptDuplicates = false,
    ...options
  }: StreamOptions<NoInfer<C>> & {
    /**
     * Confirms that a message which the broker delivers again may become another row, such as a bare number whose time is the time of
     * receipt (silences lint rule TS025).
     */
    readonly acceptDuplicates?: boolean;
  } = {},
): MqttStream<C> {
  const levels = topic.split('/').map((level) => levelName(level) ?? level);
  const names = topic.split('/').flatMap((level) => levelName(level) ?? []);
  if (topic === '' || topic.startsWith('$') || levels.some((level) => /[{}+#\0]/.test(level)))
    throw new UsageError(
      `stream "${topic}": write levels separated by "/", and a name in braces for a level that varies, such as plant/{site}/{sensor_id}/temperature`,
    );
  if (new Set(names).size < names.length)
    throw new UsageError(`stream "${topic}": each name in braces must occur once`);
  const own = names.filter((name) => name in table.columns).map((name) => [name, `$topic.${name}`] as const);
  const map = { ...Object.fromEntries(own), ...options.map } as PathMap<C>;
  const declared = common(topic, table, { ...options, map }, names);
  const keyed = Object.keys(map).find((name) => declared.map[name]?.split('.')[0] === '$key');
  if (keyed !== undefined)
    throw new UsageError(
      `stream "${topic}" into ${nameOf(table)}: map.${keyed} is "${declared.map[keyed]}", and a message of MQTT has no key; take a level of the topic or a member of the value`,
    );
  return Object.freeze({ kind: 'mqtt', topic, acceptDuplicates, ...declared });
}

/** The name of a level that varies in an MQTT pattern, `{site}`; undefined for a level that does not. */
export const levelName = (level: string): string | undefined => /^\{(\w+)\}$/.exec(level)?.[1];

function common<C extends string>(
  topic: string,
  table: Hypertable<C>,
  { map = {} as PathMap<C>, timeUnit, others = 'refuse' }: StreamOptions<C>,
  levels: readonly string[] = [],
): StreamOf<C> {
  const columns = table.columns as Readonly<Record<string, Column>>;
  const fault = (what: string): UsageError =>
    new UsageError(`stream "${topic}" into ${nameOf(table)}: ${what}`);
  for (const [column, path] of Object.entries<string | undefined>(map)) {
    if (path === undefined) continue;
    if (!Object.hasOwn(columns, column))
      throw fault(`map names the column "${column}", which the table does not have`);
    if (!isPath(path, levels))
      throw fault(
        `map.${column} is "${path}"; write a path such as device.id, or $key, $headers.name, $timestamp, $value or $topic.level`,
      );
  }
  if (typeof others === 'object' && columns[others.column]?.type !== 'jsonb')
    throw fault(`others.column must name a column of type jsonb, and "${others.column}" is none`);
  if (typeof others === 'object' && map[others.column] !== undefined)
    throw fault(
      `the column "${others.column}" cannot take the other members and ${map[others.column]} at once`,
    );
  return {
    table,
    map: map as Readonly<Record<string, string>>,
    others,
    ...(timeUnit === undefined ? {} : { timeUnit }),
  };
}

function isPath(path: string, levels: readonly string[]): boolean {
  if (!path.startsWith('$')) return path !== '' && path.split('.').every((part) => part !== '');
  const [part, ...rest] = path.split('.');
  if (part === '$timestamp' || part === '$value') return rest.length === 0;
  if (part === '$headers') return rest.join('.') !== '';
  if (part === '$topic') return rest.length === 1 && levels.includes(rest[0] ?? '');
  return part === '$key' && rest.every((name) => name !== '');
}

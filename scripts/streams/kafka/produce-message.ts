// Makes messages of rows: the inverse of the map of a stream. Broken messages of several kinds are made on demand.
import { UsageError } from '../../../db/core/errors';
import type { Column } from '../../../db/language/columns';
import type { KafkaStream, TimeUnit } from '../../../db/language/stream';

/** The values of a row in the order of the table's columns, as COPY writes them; null = NULL. */
export type Cells = readonly (string | null)[];

/** A message to send. */
export interface SampleMessage {
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** In milliseconds since 1970; the time of sending when it is not there. */
  readonly timestamp?: string;
}

/** How a message can be broken so that its row is refused. */
export type PoisonKind = 'not JSON' | 'missing column' | 'unknown column' | 'number out of range';

export interface MessageMaker {
  /** The message of a row, broken where a kind is given. */
  message(cells: Cells, poison?: PoisonKind): SampleMessage;
  /** The kinds that the stream certainly refuses; never empty. */
  readonly poisons: readonly PoisonKind[];
}

/** A place of a value that is filled from a column, or a level above such places. */
type Place = { readonly column: number } | { readonly members: Map<string, Place> };

/**
 * How messages of a stream are made.
 * @throws UsageError when its messages are not written as JSON.
 */
export function messageMaker(stream: KafkaStream): MessageMaker {
  const { table, topic, format } = stream;
  if (format !== 'json')
    throw new UsageError(
      `topic ${topic} has format ${format}, and samples can only be written as JSON; name other topics with --topic`,
    );
  const names = table.columnNames;
  const columns = names.map((name) => table.columns[name] as Column);
  const places = placesOf(stream);
  const keyAt = keyColumn(stream);
  const texts = columns.map((column) => jsonWriter(column, stream.timeUnit));
  const text = (cells: Cells, at: number): string | undefined => {
    const cell = cells[at] ?? null;
    return cell === null ? undefined : texts[at]?.(cell);
  };
  const write = (place: Place | undefined, cells: Cells): string | undefined => {
    if (place === undefined) return undefined;
    if ('column' in place) return text(cells, place.column);
    const members = [...place.members].flatMap(([name, inner]) => {
      if (name === KEPT) return others(cells) ?? [];
      const written = write(inner, cells);
      return written === undefined ? [] : `${JSON.stringify(name)}:${written}`;
    });
    return `{${members.join(',')}}`;
  };
  const keptAt = typeof stream.others === 'object' ? names.indexOf(stream.others.column) : -1;
  // The members of the column that keeps what no other column takes stand beside the others.
  const others = (cells: Cells): string | undefined =>
    /^\s*\{\s*(\S[\s\S]*?)\s*\}\s*$/.exec(cells[keptAt] ?? '')?.[1];
  const { missing, number } = victims(stream, columns);
  const message = (cells: Cells, poison?: PoisonKind): SampleMessage => {
    const broken = [...cells];
    if (poison === 'missing column') broken[missing] = null;
    if (poison === 'number out of range') broken[number] = '1e999';
    const value = write(places.value, broken) ?? 'null';
    const headers = Object.entries(places.headers).map(([name, at]) => [name, cells[at] ?? ''] as const);
    const key = places.key === undefined ? (cells[keyAt] ?? null) : bare(write(places.key, cells) ?? null);
    return {
      key,
      value: poison === 'not JSON' ? `{${value}` : poison === 'unknown column' ? unknown(value) : value,
      headers: Object.fromEntries(headers),
      ...(places.timestamp === undefined
        ? {}
        : { timestamp: String(Date.parse(cells[places.timestamp] ?? '')) }),
    };
  };
  const poisons: PoisonKind[] = ['not JSON'];
  if (missing >= 0) poisons.push('missing column');
  if (stream.others === 'refuse' && places.value !== undefined && 'members' in places.value)
    poisons.push('unknown column');
  if (number >= 0) poisons.push('number out of range');
  return { message, poisons };
}

/** Where the members of the column for all others stand; no path can be empty. */
const KEPT = '';

const unknown = (value: string): string => `{"no_such_column":1${value === '{}' ? '' : ','}${value.slice(1)}`;

// A key that is one text stands for itself; a key with members is JSON.
const bare = (json: string | null): string | null =>
  json?.startsWith('"') === true ? (JSON.parse(json) as string) : json;

interface Places {
  readonly value?: Place;
  readonly key?: Place;
  readonly timestamp?: number;
  readonly headers: Readonly<Record<string, number>>;
}

function placesOf({ table, map, others }: KafkaStream): Places {
  const headers: Record<string, number> = {};
  const parts: { value?: Place; key?: Place } = {};
  let timestamp: number | undefined;
  const put = (part: 'value' | 'key', path: readonly string[], column: number): void => {
    const last = path.at(-1);
    if (last === undefined) {
      parts[part] = { column };
      return;
    }
    let place: Place = parts[part] ?? { members: new Map() };
    parts[part] = place;
    for (const name of path.slice(0, -1)) {
      if (!('members' in place)) return;
      const inner: Place = place.members.get(name) ?? { members: new Map() };
      place.members.set(name, inner);
      place = inner;
    }
    if ('members' in place) place.members.set(last, { column });
  };
  for (const [column, name] of table.columnNames.entries()) {
    const path = map[name] ?? name;
    if (typeof others === 'object' && others.column === name) put('value', [KEPT], column);
    else if (path === '$timestamp') timestamp = column;
    else if (path === '$value') put('value', [], column);
    else if (path.startsWith('$headers.')) headers[path.slice('$headers.'.length)] = column;
    else if (path === '$key' || path.startsWith('$key.')) put('key', path.split('.').slice(1), column);
    else put('value', path.split('.'), column);
  }
  return { ...parts, headers, ...(timestamp === undefined ? {} : { timestamp }) };
}

/** The column whose value is the key where no column is read from it, so that the rows of a series keep their order. */
function keyColumn({ table }: KafkaStream): number {
  const names = table.columnNames;
  const series = names.findIndex((name) => {
    const { type, nullable } = table.columns[name] as Column;
    return !nullable && /^(uuid|text|character varying)/.test(type);
  });
  return names.includes('customer_id') ? names.indexOf('customer_id') : series;
}

/** Columns whose absence, or whose number, is a fault for certain; -1 = none. */
function victims(
  { table, map }: KafkaStream,
  columns: readonly Column[],
): { readonly missing: number; readonly number: number } {
  const inValue = (at: number): boolean => {
    const path = map[table.columnNames[at] ?? ''] ?? '';
    return path === '$value' || !path.startsWith('$');
  };
  return {
    missing: columns.findLastIndex(
      ({ nullable, defaultSql }, at) => !nullable && defaultSql === undefined && inValue(at),
    ),
    number: columns.findLastIndex(({ type }, at) => NUMBER.test(type) && inValue(at)),
  };
}

const NUMBER = /^(double precision|real|numeric|integer|bigint|smallint)/;
const DIGITS_AFTER_MS: Readonly<Record<TimeUnit, string>> = { s: '', ms: '', us: '000', ns: '000000' };

/** Writes the values of a column as JSON. */
function jsonWriter({ type }: Column, timeUnit: TimeUnit | undefined): (cell: string) => string {
  if (NUMBER.test(type)) return (cell) => (/^-?\d/.test(cell) ? cell : JSON.stringify(cell));
  if (type === 'boolean') return (cell) => (cell.startsWith('t') ? 'true' : 'false');
  if (type === 'jsonb') return (cell) => cell;
  if (type !== 'timestamp with time zone' || timeUnit === undefined) return (cell) => JSON.stringify(cell);
  return (cell) => {
    const time = Date.parse(cell);
    return timeUnit === 's' ? String(time / 1_000) : `${time}${DIGITS_AFTER_MS[timeUnit]}`;
  };
}

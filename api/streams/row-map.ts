// How the parts of a message become the columns of a row.
import { ExactNumber } from '../../db/core/exact-json';
import type { Column } from '../../db/language/columns';
import type { Stream, TimeUnit } from '../../db/language/stream';
import { bareValue, shown } from '../database/converters';
import { Unreadable } from './decoder';
import { timeOfNumber } from './epoch-time';
import { isObject, memberAt, otherMembers, pathOfFirst, type Row, takenMembers } from './members';
import type { MessageParts } from './message-parts';

/**
 * Makes a row: an object of columns, which whoever stores it checks.
 * @throws Unreadable
 */
export type RowMap = (parts: MessageParts) => unknown;

/** How the stream makes its rows. */
export function rowMap(stream: Stream): RowMap {
  const { table, map, others, timeUnit } = stream;
  const columns = table.columns as Readonly<Record<string, Column>>;
  const typeOf = (name: string): string => (columns[name] as Column).type;
  const kept = typeof others === 'object' ? others.column : undefined;
  const names = table.columnNames.filter((name) => name !== kept);
  const times = names.filter((name) => typeOf(name) === 'timestamp with time zone');
  // Then the value is the row, and other members are refused by whoever checks it.
  if (Object.keys(map).length === 0 && others === 'refuse')
    return ({ value }) => (isObject(value) ? withTimes(value, times, timeUnit) : value);

  const pathOf = (name: string): string => map[name] ?? name;
  const takes = names.map((name) => ({ name, take: takeOf(pathOf(name), typeOf(name)) }));
  const paths = names.map(pathOf);
  const taken = takenMembers(paths.filter((path) => !path.startsWith('$')));
  const takesAll = paths.includes('$value');
  const mayBeAnything = takesAll || (others === 'ignore' && taken.size === 0);
  const isNeeded = kept !== undefined && !columns[kept]?.nullable && columns[kept]?.defaultSql === undefined;
  return (parts) => {
    const { value } = parts;
    if (!mayBeAnything && !isObject(value))
      throw new Unreadable(`a row must be an object of columns, got ${shown(value)}`);
    const row: Record<string, unknown> = {};
    for (const { name, take } of takes) {
      const cell = take(parts);
      if (cell !== undefined) row[name] = cell;
    }
    const left = !takesAll && others !== 'ignore' && isObject(value) ? otherMembers(value, taken) : undefined;
    if (left !== undefined && kept === undefined) {
      const path = pathOfFirst(left, taken);
      throw new Unreadable(
        Object.hasOwn(left, path) && !names.includes(path)
          ? `there is no column ${shown(path)}; the columns are ${table.columnNames.join(', ')}`
          : `no column takes ${shown(path)}`,
      );
    }
    if (kept !== undefined && (left !== undefined || isNeeded)) row[kept] = left ?? {};
    return withTimes(row, times, timeUnit);
  };
}

type Take = (parts: MessageParts) => unknown;

function takeOf(path: string, type: string): Take {
  const [part = '', ...rest] = path.split('.');
  const name = rest.join('.');
  const bare = (text: string | undefined): unknown =>
    text === undefined ? undefined : bareValue(type, text);
  if (part === '$value') return ({ value }) => value;
  if (part === '$timestamp') return (parts) => parts.timestamp();
  if (part === '$headers') return (parts) => bare(parts.header(name));
  if (part === '$topic') return (parts) => bare(parts.level(name));
  if (part === '$key')
    return name === '' ? (parts) => bare(parts.keyText()) : (parts) => memberAt(parts.keyValue(), rest);
  const members = path.split('.');
  return ({ value }) => memberAt(value, members);
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** The row with its times as texts: a copy when it had times that are numbers. */
function withTimes(row: Row, times: readonly string[], unit: TimeUnit | undefined): Row {
  let result = row;
  for (const name of times) {
    const value = row[name];
    const number = numberOf(value, unit);
    if (number === undefined) continue;
    if (unit === undefined)
      throw new Unreadable(
        `${name} is the number ${shown(value)}; send a time as in RFC 3339, or declare the timeUnit of the stream`,
      );
    const time = timeOfNumber(number, unit);
    if (time === undefined)
      throw new Unreadable(`${name} is ${shown(value)}, which is no time in ${unit} since 1970`);
    result = { ...result, [name]: time };
  }
  return result;
}

/** The text of a number. With a unit, digits in a text are a number too: the parts of a topic, or a 64-bit number as text. */
function numberOf(value: unknown, unit: TimeUnit | undefined): string | undefined {
  if (typeof value === 'string') return unit !== undefined && NUMBER.test(value) ? value : undefined;
  if (typeof value === 'number') return String(value);
  return value instanceof ExactNumber ? value.value : undefined;
}

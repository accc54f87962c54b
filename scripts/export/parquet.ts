// Rows as Parquet, in row groups of bounded size: times in microseconds, numbers as numbers, everything else as text.
import { RefusedError } from '../../db/core/errors';
import { days, type ExportColumn, microseconds, type RowWriter, TYPE } from './values';

// A whole row group is in memory, as values and again while it is encoded, so its size is limited. It is estimated from the
// length of the values as text, plus the cost of a JavaScript value for each. Groups of narrow rows have tens of thousands.
const GROUP_BYTES = 4_000_000;
const BYTES_PER_VALUE = 32;

/**
 * Writes row groups of bounded size, and the footer when it is finished.
 * @throws RefusedError from `add` for an infinite time, which the format does not have.
 */
export async function parquetWriter(columns: readonly ExportColumn[]): Promise<RowWriter> {
  // An ES module, which a CommonJS program can only load this way.
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const kinds = columns.map(({ type }) => KINDS[type] ?? TEXT);
  const root: SchemaElement = { name: 'root', num_children: columns.length };
  const schema = [root, ...columns.map(({ name }, at) => ({ name, ...kinds[at]?.element }))];
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema, createdBy: 'tsdb export' });
  let values: Value[][] = columns.map(() => []);
  let bytes = 0;
  const writeGroup = (): void => {
    const rows = values[0]?.length ?? 0;
    if (rows === 0) return;
    const columnData = values.map((data, at) => source(columns[at]?.name ?? '', data));
    // The write is complete when the call returns, because this writer keeps its bytes in memory.
    void file.write({ columnData, rowGroupSize: rows });
    values = columns.map(() => []);
    bytes = 0;
  };
  const take = (): readonly Uint8Array[] => {
    if (writer.index === 0) return [];
    const written = writer.getBytes().slice();
    writer.index = 0;
    return [written];
  };
  return {
    add: (row) => {
      kinds.forEach(({ read }, at) => {
        const text = row[at] ?? null;
        const value = text === null ? null : read(text);
        if (value === undefined) throw unrepresentable(columns[at]?.name ?? '', text);
        values[at]?.push(value);
        bytes += (text?.length ?? 0) + BYTES_PER_VALUE;
      });
      if (bytes >= GROUP_BYTES) writeGroup();
    },
    take,
    finish: () => {
      writeGroup();
      void file.finish();
      return take();
    },
  };
}

type Writing = typeof import('hyparquet-writer', { with: { 'resolution-mode': 'import' }});
type WriterOptions = ConstructorParameters<Writing['ParquetWriter']>[0];
type SchemaElement = WriterOptions['schema'][number];
type ColumnSource = Parameters<InstanceType<Writing['ParquetWriter']>['write']>[0]['columnData'][number];
type Value = string | number | bigint | boolean | Uint8Array | null;

interface Kind {
  readonly element: Omit<SchemaElement, 'name'>;
  /** Undefined when the format cannot represent the value. */
  readonly read: (text: string) => Value | undefined;
}

// The dictionary encoding would store -0 as 0.
const source = (name: string, data: Value[]): ColumnSource =>
  data.some((value) => Object.is(value, -0)) ? { name, data, encoding: 'PLAIN' } : { name, data };

const unrepresentable = (name: string, text: string | null): RefusedError =>
  new RefusedError(
    `column ${name} has the time ${text}, which Parquet cannot hold; leave those rows out with --from and --to, or export CSV or NDJSON`,
  );

const kind = (element: Omit<SchemaElement, 'name'>, read: Kind['read']): Kind => ({
  element: { repetition_type: 'OPTIONAL', ...element },
  read,
});

const timestamp = (isAdjustedToUTC: boolean) =>
  ({ type: 'TIMESTAMP', isAdjustedToUTC, unit: 'MICROS' }) as const;

const INT32 = kind({ type: 'INT32' }, Number);
const INT64 = kind({ type: 'INT64' }, BigInt);
const TEXT = kind({ type: 'BYTE_ARRAY', converted_type: 'UTF8' }, (text) => text);
// The writer would parse a text as JSON and round its numbers; it leaves bytes as they are.
const JSON_BYTES = kind({ type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } }, (text) => Buffer.from(text));

/** By type; every other type is text. */
const KINDS: Readonly<Record<number, Kind>> = {
  [TYPE.boolean]: kind({ type: 'BOOLEAN' }, (text) => text === 't'),
  [TYPE.smallint]: INT32,
  [TYPE.integer]: INT32,
  [TYPE.bigint]: INT64,
  [TYPE.oid]: INT64,
  [TYPE.real]: kind({ type: 'FLOAT' }, Number),
  [TYPE.double]: kind({ type: 'DOUBLE' }, Number),
  [TYPE.date]: kind({ type: 'INT32', converted_type: 'DATE' }, days),
  [TYPE.timestamptz]: kind(
    { type: 'INT64', logical_type: timestamp(true), converted_type: 'TIMESTAMP_MICROS' },
    microseconds,
  ),
  // The older annotation means UTC, so times without a zone must not carry it.
  [TYPE.timestamp]: kind({ type: 'INT64', logical_type: timestamp(false) }, microseconds),
  [TYPE.json]: JSON_BYTES,
  [TYPE.jsonb]: JSON_BYTES,
};

// The process of a Parquet reader: answers the name of a file with its content as JSON.
import { readFileSync } from 'node:fs';
import type { ParquetContent } from './read-parquet';

process.on('message', (file: string) => {
  void read(file).then((content) => process.send?.(JSON.stringify(content, readable)));
});

async function read(file: string): Promise<ParquetContent> {
  const { parquetMetadata, parquetReadObjects } = await import('hyparquet');
  const bytes = readFileSync(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(buffer);
  // The reader's own parsers make Dates, which have no microseconds.
  const parsers = { timestampFromMicroseconds: (value: bigint) => String(value) };
  const rows = await parquetReadObjects({ file: buffer, parsers });
  const columns = metadata.schema.slice(1).map((element) => {
    const { name, type, converted_type, logical_type } = element;
    return [name, type, converted_type ?? logical_type?.type].filter((part) => part !== undefined).join(' ');
  });
  return { columns, groups: metadata.row_groups.map((group) => Number(group.num_rows)), rows };
}

const readable = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))
    ? String(value)
    : Object.is(value, -0)
      ? '-0'
      : value;

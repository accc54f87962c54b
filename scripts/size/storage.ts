// How many bytes a row and its index entries take, from the page format of PostgreSQL: 8 kB pages, tuple headers, alignment.
import type { Column } from '../../db/language/columns';
import type { Index } from '../../db/language/indexes';
import { each, exactly, type Range, sum } from './range';

const PAGE = 8_192;
const PAGE_HEADER = 24;
/** Offset of a tuple in the list at the beginning of each page. */
const LINE_POINTER = 4;
const TUPLE_HEADER = 24;
/** Bytes at the end of a B-tree page that link it to its neighbours. */
const BTREE_SPECIAL = 16;
const INDEX_TUPLE_HEADER = 8;
/** What an entry of a repeated key takes after PostgreSQL has merged the repetitions: the place of its row. */
const MERGED_ENTRY = 6;

/**
 * Share of a B-tree page that is full. A page that is split in the middle is half full, and where rows arrive in the order of time,
 * the half behind the split is never filled: neither with a descending time, nor with the times of many series, in either direction.
 * Only at the right end of an index are pages split so that they stay nine tenths full. Other keys come in any order.
 */
const BTREE_FULL = {
  halves: { low: 0.5, likely: 0.52, high: 0.9 },
  rightEnd: { low: 0.5, likely: 0.9, high: 0.98 },
  anywhere: { low: 0.5, likely: 0.7, high: 0.9 },
} as const;

/** Size and alignment of a stored value. */
interface Stored {
  readonly bytes: Range;
  readonly align: number;
}

/** Values whose length their type does not tell: characters or bytes, with the byte that holds the length. */
const SHORT_TEXT: Range = { low: 5, likely: 11, high: 31 };
const DOCUMENT: Range = { low: 20, likely: 80, high: 400 };

const FIXED: Readonly<Record<string, readonly [bytes: number, align: number]>> = {
  'timestamp with time zone': [8, 8],
  'double precision': [8, 8],
  bigint: [8, 8],
  integer: [4, 4],
  real: [4, 4],
  date: [4, 4],
  smallint: [2, 2],
  boolean: [1, 1],
  uuid: [16, 1],
  point: [16, 8],
};

/** A column as it is stored. A type of unknown width counts as a short text. */
function storedAs(type: string): Stored {
  const fixed = FIXED[type];
  if (fixed !== undefined) return { bytes: exactly(fixed[0]), align: fixed[1] };
  if (type === 'numeric') return { bytes: { low: 5, likely: 7, high: 13 }, align: 1 };
  if (type === 'inet') return { bytes: { low: 7, likely: 7, high: 19 }, align: 1 };
  if (type === 'jsonb' || type === 'bytea') return { bytes: DOCUMENT, align: 1 };
  const most = Number(/^character varying\((\d+)\)$/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
  return { bytes: each(SHORT_TEXT, (bytes) => Math.min(bytes, most + 1)), align: 1 };
}

const aligned = (offset: number, align: number): number => Math.ceil(offset / align) * align;

/** The values one after the other, each at a multiple of its alignment, and all of them at a multiple of eight. */
function widthOf(columns: readonly Stored[], pick: keyof Range): number {
  const end = columns.reduce((offset, { bytes, align }) => aligned(offset, align) + bytes[pick], 0);
  return aligned(end, 8);
}

const forEach = (compute: (pick: keyof Range) => number): Range => ({
  low: compute('low'),
  likely: compute('likely'),
  high: compute('high'),
});

/** Bytes of a row in a full page, with its share of the page. The order of the columns counts. */
export function rowBytes(columns: readonly Column[]): Range {
  const stored = columns.map(({ type }) => storedAs(type));
  return forEach((pick) => {
    const tuple = TUPLE_HEADER + widthOf(stored, pick);
    return PAGE / Math.max(1, Math.floor((PAGE - PAGE_HEADER) / (tuple + LINE_POINTER)));
  });
}

/** Bytes of the entries of one row in an index of a table with these columns, whose rows arrive in the order of `time`. */
export function indexBytes(index: Index, columns: Readonly<Record<string, Column>>, time: string): Range {
  const keys = index.keys.map((key) =>
    storedAs('column' in key ? (columns[key.column]?.type ?? '') : 'text'),
  );
  // A summary of a hundred pages takes less than a page.
  if (index.method === 'brin') return { low: 0, likely: 0, high: 0.1 };
  const full =
    index.method === 'gin'
      ? ginBytes(keys)
      : btreeBytes(keys, index.unique, BTREE_FULL[orderOf(index, time)]);
  return index.where === undefined ? full : { ...full, low: 0, likely: full.likely / 2 };
}

/** How rows that arrive one after the other are inserted, which the last key decides. */
function orderOf({ keys }: Index, time: string): keyof typeof BTREE_FULL {
  const last = keys.at(-1);
  if (last === undefined || !('column' in last) || last.column !== time) return 'anywhere';
  return keys.length === 1 && !last.descending ? 'rightEnd' : 'halves';
}

function btreeBytes(keys: readonly Stored[], isUnique: boolean, full: Range): Range {
  const usable = (PAGE - PAGE_HEADER - BTREE_SPECIAL) / PAGE;
  const entry = forEach((pick) => (INDEX_TUPLE_HEADER + widthOf(keys, pick) + LINE_POINTER) / usable);
  return {
    low: (isUnique ? entry.low : Math.min(entry.low, MERGED_ENTRY / usable)) / full.high,
    likely: entry.likely / full.likely,
    high: entry.high / full.low,
  };
}

// The words of a document are entries of their own, merged where rows share them.
const ginBytes = (keys: readonly Stored[]): Range => {
  const values = sum(...keys.map(({ bytes }) => bytes));
  return { low: values.low * 0.1, likely: values.likely * 0.5, high: values.high * 2 };
};

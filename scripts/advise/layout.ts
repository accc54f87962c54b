// Layouts of a columnstore: what may be declared, and how it is written in a declaration.
import type { Columnstore } from '../../db/language/hypertable';
import type { SortKey } from '../../db/language/indexes';
import { type Duration, formatInterval, parseDuration } from '../../db/language/interval';
import type { Stored } from '../../db/upkeep/compress';

/** What a declaration can change about how rows are stored. */
export interface Layout {
  readonly segmentBy: readonly string[];
  readonly orderBy: readonly SortKey[];
  /** Of an aggregate it is what the server has chosen, because it cannot be declared. */
  readonly chunkInterval: Duration;
}

/** Two layouts with the same text store rows in the same way. */
export const keyOf = ({ segmentBy, orderBy, chunkInterval }: Layout): string =>
  JSON.stringify([[...segmentBy].sort(), orderBy, formatInterval(parseDuration(chunkInterval))]);

/** For people: `device_id, time DESC`. */
export const describeOrder = (orderBy: readonly SortKey[]): string =>
  orderBy.map(({ column, descending }) => (descending ? `${column} DESC` : column)).join(', ');

/**
 * The lines of the table's declaration that differ from what is declared now, as they belong into `db/schema/*.ts`.
 * @param declared the columnstore whose age and other options stay.
 */
export function declarationLines(
  table: Stored,
  declared: Columnstore,
  from: Layout,
  to: Layout,
): readonly string[] {
  const other = (key: keyof Layout): boolean => JSON.stringify(from[key]) !== JSON.stringify(to[key]);
  const late = declared.acceptLateRows === undefined ? '' : `, acceptLateRows: ${declared.acceptLateRows}`;
  return [
    ...(table.kind === 'hypertable' && other('chunkInterval')
      ? [`chunkInterval: '${to.chunkInterval}',`]
      : []),
    ...(other('segmentBy') || other('orderBy')
      ? [
          `columnstore: { segmentBy: [${to.segmentBy.map(quoted).join(', ')}], orderBy: [${to.orderBy.map(sortKey).join(', ')}], after: '${declared.after}'${late} },`,
        ]
      : []),
  ];
}

const quoted = (text: string): string => `'${text}'`;

const sortKey = ({ column, descending }: SortKey): string =>
  descending ? `desc('${column}')` : `{ column: '${column}', descending: false }`;

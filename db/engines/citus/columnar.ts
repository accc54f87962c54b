// Kind: columnar storage of old chunks, which stands for the columnstore on Citus. What of it is possible, and what is not, and why.
import { counted } from '../../core/quantities';
import type { Relation } from '../../language/aggregate';
import type { Desired } from '../../language/desired';
import type { Hypertable } from '../../language/hypertable';
import { nameOf } from '../../language/names';
import type { Kind, Refusal, Step } from '../../model';

/** SQL: whether a relation is columnar; `c` is its row of pg_class. On the coordinator, which has no rows of it, that is known, too. */
export const IS_COLUMNAR = (c: string): string =>
  `EXISTS (SELECT FROM pg_am m WHERE m.oid = ${c}.relam AND m.amname = 'columnar')`;

interface ColumnarState {
  /** `creatable`: not there, and this login may create it. */
  readonly extension: 'present' | 'creatable' | 'forbidden' | 'missing';
  /** Number of columnar chunks by table, `schema.name`; those without any are left out. */
  readonly chunks: ReadonlyMap<string, number>;
}

export const columnar: Kind<ColumnarState> = {
  name: 'columnar',
  async read(db) {
    const { rows } = await db.query<Pick<ColumnarState, 'extension'>>(
      `SELECT CASE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = 'citus_columnar') THEN 'present'
                   WHEN NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citus_columnar') THEN 'missing'
                   WHEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN 'creatable'
                   ELSE 'forbidden' END AS extension`,
    );
    const { rows: found } = await db.query<{ name: string; chunks: number }>(
      `SELECT format('%s.%s', n.nspname, p.relname) AS name, count(*)::int AS chunks
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
        WHERE ${IS_COLUMNAR('c')} GROUP BY 1 ORDER BY 1`,
    );
    return {
      extension: rows[0]?.extension ?? 'missing',
      chunks: new Map(found.map(({ name, chunks }) => [name, chunks])),
    };
  },
  compare({ hypertables, aggregates }: Desired, { extension, chunks }) {
    const declared = hypertables.filter((table) => table.columnstore !== undefined);
    const suitable = declared.filter((table) => keptAsRows(table) === undefined);
    const stored = aggregates.filter((view) => view.columnstore !== undefined);
    const possible = suitable.length > 0 && (extension === 'present' || extension === 'creatable');
    return {
      steps: suitable.length > 0 && extension === 'creatable' ? [CREATE_EXTENSION] : [],
      refusals: hypertables.flatMap((table) => unsuited(table, chunks.get(nameOf(table)) ?? 0)),
      emulated: possible
        ? [
            'columnstore: old chunks become columnar, by `tsdb jobs run`; their rows take no UPDATE and no DELETE',
          ]
        : [],
      unavailable: [
        ...declared.flatMap((table) => {
          const why = keptAsRows(table);
          return why === undefined
            ? []
            : [`columnstore of ${nameOf(table)}: its chunks stay rows, because ${why}`];
        }),
        ...(stored.length > 0
          ? [`columnstore of ${names(stored)}: stored buckets are one table without chunks, and stay rows`]
          : []),
        ...(suitable.length > 0 && !possible
          ? [`columnstore of ${names(suitable)}: its chunks stay rows; ${WITHOUT_EXTENSION[extension] ?? ''}`]
          : []),
      ],
    };
  },
};

/** Why columnar chunks would break a table; undefined when they would not. */
export function keptAsRows({ unique, indexes }: Hypertable): string | undefined {
  // Any index makes a write with ON CONFLICT fail in a columnar chunk, and every writer of such a table uses it.
  if (unique !== undefined)
    return 'rows with a key are written with ON CONFLICT, which columnar chunks do not take';
  const method = indexes.map((index) => index.method).find((one) => one !== 'btree');
  return method === undefined ? undefined : `columnar chunks take no ${method.toUpperCase()} index`;
}

const names = (objects: readonly Relation[]): string => objects.map(nameOf).join(', ');

const WITHOUT_EXTENSION: Readonly<Partial<Record<ColumnarState['extension'], string>>> = {
  forbidden:
    'let a superuser run "CREATE EXTENSION citus_columnar", and the next run of the job converts them',
  missing: 'the server does not have the extension citus_columnar; install it on every node',
};

const CREATE_EXTENSION: Step = {
  id: 'create-extension:citus_columnar',
  object: 'citus_columnar',
  action: 'create',
  summary: 'extension citus_columnar, on every node',
  sql: ['CREATE EXTENSION IF NOT EXISTS citus_columnar'],
  transactional: true,
  lock: 'none',
  hazards: [],
};

/** Columnar chunks of a table that now needs rows: its writers would fail, or the server would quietly leave out an index. */
function unsuited(table: Hypertable, chunks: number): readonly Refusal[] {
  const why = keptAsRows(table);
  if (why === undefined || chunks === 0) return [];
  return [
    {
      object: nameOf(table),
      what: `has ${counted(chunks, 'columnar chunk')}, declared with a key or an index that needs rows`,
      why,
      wayOut: `turn them into rows with "tsdb decompress ${nameOf(table)} --from … --to …" over their range, or with "SELECT tsdb.set_chunk_storage('tsdb.…', 'heap')" for each one, and apply again`,
    },
  ];
}

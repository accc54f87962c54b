// Kind: columnstore (compression) settings of hypertables. Only TimescaleDB has it.
import { type Columnstore, type Hypertable, nameOf, type SortKey } from '../../define';
import type { Findings, Kind, Step } from '../../model';
import { ident, literal, relation } from '../../sql';
import { isInstalled } from './extension';

interface ColumnstoreState {
  readonly table: string;
  readonly enabled: boolean;
  readonly segmentBy: readonly string[];
  readonly orderBy: readonly string[];
  readonly descending: readonly boolean[];
  readonly nullsFirst: readonly boolean[];
  readonly compressedChunks: number;
}

export const columnstore: Kind<readonly ColumnstoreState[]> = {
  name: 'columnstore',
  async read(db, desired) {
    if (!(await isInstalled(db))) return [];
    // compress_relid is null on the table's own row; chunk rows keep what they were converted with.
    // On/off comes from the view: hypertable.compression_state stays 0 in 2.29.
    const { rows } = await db.query<ColumnstoreState>(
      `SELECT format('%s.%s', h.hypertable_schema, h.hypertable_name) AS table, h.compression_enabled AS enabled,
              coalesce(s.segmentby, '{}') AS "segmentBy", coalesce(s.orderby, '{}') AS "orderBy",
              coalesce(s.orderby_desc, '{}') AS descending, coalesce(s.orderby_nullsfirst, '{}') AS "nullsFirst",
              (SELECT count(*)::int FROM timescaledb_information.chunks k
                WHERE (k.hypertable_schema, k.hypertable_name) = (h.hypertable_schema, h.hypertable_name) AND k.is_compressed) AS "compressedChunks"
         FROM timescaledb_information.hypertables h
         LEFT JOIN _timescaledb_catalog.compression_settings s
                ON s.compress_relid IS NULL AND s.relid = format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass
        WHERE format('%s.%s', h.hypertable_schema, h.hypertable_name) = ANY ($1) ORDER BY 1`,
      [desired.hypertables.map(nameOf)],
    );
    return rows;
  },
  compare(desired, actual) {
    const found = desired.hypertables.map((table) =>
      compareTable(
        table,
        actual.find((state) => state.table === nameOf(table)),
      ),
    );
    return {
      steps: found.flatMap(({ steps = [] }) => steps),
      refusals: found.flatMap(({ refusals = [] }) => refusals),
    };
  },
};

function compareTable(table: Hypertable, state: ColumnstoreState | undefined): Partial<Findings> {
  const declared = table.columnstore;
  if (declared !== undefined)
    return state !== undefined && sameSettings(declared, state)
      ? {}
      : { steps: [setColumnstore(table, declared, state)] };
  if (!state?.enabled) return {};
  return {
    refusals: [
      {
        object: nameOf(table),
        what: 'has columnstore on, declared without',
        why: `switching it off rewrites its ${state.compressedChunks} converted chunks as rows`,
        wayOut: 'declare the columnstore, or convert the chunks back and switch it off by hand',
      },
    ],
  };
}

function sameSettings(declared: Columnstore, state: ColumnstoreState): boolean {
  const keys = state.orderBy.map(
    (column, at): SortKey => ({ column, descending: state.descending[at] ?? false }),
  );
  return (
    state.enabled &&
    JSON.stringify(declared.segmentBy) === JSON.stringify(state.segmentBy) &&
    JSON.stringify(declared.orderBy.map(({ column, descending }) => ({ column, descending }))) ===
      JSON.stringify(keys) &&
    // Declared orders mean PostgreSQL's default place for NULL: first when descending.
    state.nullsFirst.every((first, at) => first === state.descending[at])
  );
}

function setColumnstore(table: Hypertable, declared: Columnstore, state: ColumnstoreState | undefined): Step {
  const names = (columns: readonly string[]): string => columns.map((column) => ident(column)).join(', ');
  const order = declared.orderBy
    .map(({ column, descending }) => `${ident(column)} ${descending ? 'DESC' : 'ASC'}`)
    .join(', ');
  const old = state?.compressedChunks ?? 0;
  return {
    id: `columnstore:${nameOf(table)}`,
    object: nameOf(table),
    action: state?.enabled ? 'change' : 'create',
    summary: `columnstore by ${names(declared.segmentBy).replaceAll('"', '')}, ordered by ${order.replaceAll('"', '')}${old > 0 ? `; ${old} converted chunks keep their layout` : ''}`,
    sql: [
      `ALTER TABLE ${relation(table)} SET (timescaledb.enable_columnstore = true, timescaledb.segmentby = ${literal(names(declared.segmentBy))}, timescaledb.orderby = ${literal(order)})`,
    ],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(table)}, for an instant`,
    hazards: [],
  };
}

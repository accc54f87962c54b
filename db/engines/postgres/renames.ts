// Renames on plain PostgreSQL. The emulation keeps names in tables of its own, in names of partitions, and in the text of queries.
import { ident, literal, relation } from '../../core/sql';
import { type Rename, type RenameDialect, renamePending } from '../../kinds/renames';
import { materializationName } from '../../language/names';
import { type EmulatingEngine, key } from './aggregate-sql';
import { followedBy } from './rename-queries';
import { hasRuntime } from './runtime';

export const emulatedRenames = (engine: EmulatingEngine): RenameDialect => ({
  async readAggregates(db, names) {
    if (!(await hasRuntime(db))) return [];
    const { rows } = await db.query<{ name: string }>(
      `SELECT format('%s.%s', schema_name, view_name) AS name FROM tsdb.continuous_aggregate WHERE format('%s.%s', schema_name, view_name) = ANY ($1) ORDER BY 1`,
      [names],
    );
    return rows.map(({ name }) => name);
  },
  rename(rename, { records, aggregates }) {
    const alone = `ALTER TABLE ${relation(rename.present)} RENAME ${rename.of === 'column' ? `COLUMN ${ident(rename.from)} ` : ''}TO ${ident(rename.to)}`;
    // Before the first apply the emulation has no tables yet, and so there is nothing of it to rename.
    if (!records) return [alone];
    const following = { engine, rename, declared: aggregates };
    switch (rename.of) {
      case 'table':
        return [followedBy(following, [alone, ...tableRecords(rename)])];
      case 'column':
        return [followedBy(following, [alone, ...columnRecords(rename)])];
      case 'aggregate':
        return [
          followedBy(following, aggregateNames(engine, rename)),
          renamePending(rename.present, rename.object),
        ];
      case 'aggregate-column':
        return [followedBy(following, aggregateColumn(rename))];
    }
  },
});

// Chunks are renamed too: otherwise a new table with the former name could not create its own.
function tableRecords({ present, object }: Rename): readonly string[] {
  const [before, after] = [materializationName(present), materializationName(object)].map(literal);
  const names = `(schema_name, table_name) = (${key(present)})`;
  return [
    `FOR part IN SELECT p.relname::text AS name FROM pg_partition_tree(${regclass(object)}) t JOIN pg_class p ON p.oid = t.relid
      WHERE t.level > 0 AND p.relnamespace = 'tsdb'::regnamespace AND starts_with(p.relname, ${before} || '_') ORDER BY t.level, 1 LOOP
    EXECUTE format('ALTER TABLE tsdb.%I RENAME TO %I', part.name, ${after} || substr(part.name, length(${before}) + 1));
  END LOOP`,
    `UPDATE tsdb.hypertable SET table_name = ${literal(object.name)} WHERE ${names}`,
    `UPDATE tsdb.job SET object_name = ${literal(object.name)} WHERE (schema_name, object_name) = (${key(present)})`,
    `UPDATE tsdb.continuous_aggregate SET source_name = ${literal(object.name)} WHERE (source_schema, source_name) = (${key(present)})`,
  ];
}

function columnRecords({ object, from, to }: Rename): readonly string[] {
  const update = (table: string, column: string, where: string): string =>
    `UPDATE tsdb.${table} SET ${column} = ${literal(to)} WHERE (${where}) = (${key(object)}) AND ${column} = ${literal(from)}`;
  return [
    update('hypertable', 'time_column', 'schema_name, table_name'),
    update('hypertable', 'hash_column', 'schema_name, table_name'),
    update('continuous_aggregate', 'source_time', 'source_schema, source_name'),
  ];
}

// The view is locked first, because a reader also locks the view before the table. Its text names the aggregate.
function aggregateNames(engine: EmulatingEngine, { present, object }: Rename): readonly string[] {
  // How the server prints what `viewQuery` writes.
  const watermark = (name: string): string =>
    literal(
      engine === 'postgres'
        ? `tsdb.watermark(${literal(object.schema)}::text, ${literal(name)}::text)`
        : `a.view_name = ${literal(name)}::text`,
    );
  const [before, after] = [materializationName(present), materializationName(object)];
  return [
    `LOCK TABLE ${relation(present)} IN ACCESS EXCLUSIVE MODE`,
    `ALTER VIEW ${relation(present)} RENAME TO ${ident(object.name)}`,
    `ALTER TABLE ${ident('tsdb', before)} RENAME TO ${ident(after)}`,
    // By their names, because the table may have more or fewer of them than are declared.
    ...['bucket', 'key'].map(
      (part) =>
        `ALTER INDEX IF EXISTS ${ident('tsdb', `${before}_${part}_idx`)} RENAME TO ${ident(`${after}_${part}_idx`)}`,
    ),
    `UPDATE tsdb.continuous_aggregate SET (view_name, materialization) = (${literal(object.name)}, ${literal(after)}) WHERE (schema_name, view_name) = (${key(present)})`,
    `UPDATE tsdb.job SET object_name = ${literal(object.name)} WHERE (schema_name, object_name) = (${key(present)})`,
    `UPDATE tsdb.continuous_aggregate SET source_name = ${literal(object.name)} WHERE (source_schema, source_name) = (${key(present)})`,
    `EXECUTE ${literal(`CREATE OR REPLACE VIEW ${relation(object)} AS `)} || replace(pg_get_viewdef(${regclass(object)}), ${watermark(present.name)}, ${watermark(object.name)})`,
  ];
}

function aggregateColumn({ object, from, to }: Rename): readonly string[] {
  const rename = `RENAME COLUMN ${ident(from)} TO ${ident(to)}`;
  return [
    `LOCK TABLE ${relation(object)} IN ACCESS EXCLUSIVE MODE`,
    `ALTER VIEW ${relation(object)} ${rename}`,
    `ALTER TABLE ${ident('tsdb', materializationName(object))} ${rename}`,
  ];
}

const regclass = (object: { readonly schema: string; readonly name: string }): string =>
  `${literal(relation(object))}::regclass`;

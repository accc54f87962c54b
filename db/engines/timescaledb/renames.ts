// Renames on TimescaleDB. Its own catalog follows: dimensions, chunks, columnstore settings, policies, and queries of aggregates.
import { ident, literal, relation } from '../../core/sql';
import { type RenameDialect, renamePending } from '../../kinds/renames';
import { nameOf } from '../../language/names';
import { hasTimescaledb } from '../../server/server-info';

export const timescaleRenames: RenameDialect = {
  async readAggregates(db, names) {
    if (!(await hasTimescaledb(db))) return [];
    const { rows } = await db.query<{ name: string }>(
      `SELECT format('%s.%s', view_schema, view_name) AS name FROM timescaledb_information.continuous_aggregates
        WHERE format('%s.%s', view_schema, view_name) = ANY ($1) ORDER BY 1`,
      [names],
    );
    return rows.map(({ name }) => name);
  },
  rename({ of, object, present, from, to }, { records }) {
    const alter = `ALTER ${of === 'table' || of === 'column' ? 'TABLE' : 'MATERIALIZED VIEW'} ${relation(present)} RENAME`;
    switch (of) {
      case 'column':
      case 'aggregate-column':
        return [`${alter} COLUMN ${ident(from)} TO ${ident(to)}`];
      case 'table':
        return [
          `${alter} TO ${ident(to)}`,
          ...(records
            ? [
                `UPDATE tsdb.pending_rebuild SET relation = ${literal(nameOf(object))} WHERE relation = ${literal(nameOf(present))}`,
              ]
            : []),
        ];
      case 'aggregate':
        return [`${alter} TO ${ident(to)}`, ...(records ? [renamePending(present, object)] : [])];
    }
  },
};

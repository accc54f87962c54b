// What is not declared, on TimescaleDB: hypertables and aggregates, and the jobs of the server.
import { ident, relation } from '../../core/sql';
import type { UndeclaredDialect, UndeclaredJob } from '../../kinds/undeclared/model';
import { relationsOf } from '../../language/desired';
import { nameOf } from '../../language/names';
import { POLICY_PROCEDURES } from './job-settings';
import { readOtherPolicies, timescalePolicies } from './policies';

// An aggregate on an aggregate reads the other's stored table.
const TIMED = `
  SELECT h.schema_name::text AS schema, h.table_name::text AS name, 'hypertable' AS kind, NULL AS source,
         format('%I.%I', h.schema_name, h.table_name) AS stored
    FROM _timescaledb_catalog.hypertable h
   UNION ALL
  SELECT c.user_view_schema, c.user_view_name, 'aggregate', format('%s.%s', coalesce(p.user_view_schema, r.schema_name), coalesce(p.user_view_name, r.table_name)),
         format('%I.%I', m.schema_name, m.table_name)
    FROM _timescaledb_catalog.continuous_agg c
    JOIN _timescaledb_catalog.hypertable m ON m.id = c.mat_hypertable_id
    LEFT JOIN _timescaledb_catalog.hypertable r ON r.id = c.raw_hypertable_id
    LEFT JOIN _timescaledb_catalog.continuous_agg p ON p.mat_hypertable_id = c.parent_mat_hypertable_id`;

export const timescaleUndeclared: UndeclaredDialect = {
  engine: 'timescaledb',
  present: `EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')`,
  timed: TIMED,
  async readJobs(db, desired) {
    const declared = relationsOf(desired).map(nameOf);
    const { rows } = await db.query<Omit<UndeclaredJob, 'policy'>>(
      `SELECT j.job_id AS id, format('%s.%s', j.proc_schema, j.proc_name) AS procedure,
              CASE WHEN j.hypertable_name IS NOT NULL THEN format('%s.%s', j.hypertable_schema, j.hypertable_name) END AS object
         FROM timescaledb_information.jobs j
        WHERE j.job_id >= 1000 AND NOT (j.proc_schema = '_timescaledb_functions' AND j.proc_name = ANY ($2)
                                        AND coalesce(format('%s.%s', j.hypertable_schema, j.hypertable_name) = ANY ($1), false))
        ORDER BY 1`,
      [declared, POLICY_PROCEDURES],
    );
    if (rows.length === 0) return [];
    const policies = await readOtherPolicies(db, declared);
    return rows.map((row) => ({ ...row, policy: policies.find(({ id }) => id === row.id) ?? null }));
  },
  drop: (object) => {
    switch (object.kind) {
      // Policies go with their table. CASCADE is never used, so nothing goes that the plan does not name.
      case 'aggregate':
        return [`DROP MATERIALIZED VIEW ${relation(object)}`];
      case 'function':
        return [`DROP FUNCTION ${ident(object.schema, object.name)}(${object.args})`];
      default:
        return [`DROP TABLE ${relation(object)}`];
    }
  },
  removePolicy: timescalePolicies.remove,
};

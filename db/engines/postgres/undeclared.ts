// What is not declared, on plain PostgreSQL: emulated hypertables and aggregates, and their jobs.
import { ident, literal, relation } from '../../core/sql';
import type { UndeclaredDialect } from '../../kinds/undeclared/model';
import { relationsOf } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { EmulatingEngine } from './aggregate-sql';
import { drop } from './aggregate-swap';
import { readJobs, removeJob } from './policies';

const TIMED = `
  SELECT schema_name AS schema, table_name AS name, 'hypertable' AS kind, NULL AS source, format('%I.%I', schema_name, table_name) AS stored
    FROM tsdb.hypertable
   UNION ALL
  SELECT schema_name, view_name, 'aggregate', format('%s.%s', source_schema, source_name), format('tsdb.%I', materialization)
    FROM tsdb.continuous_aggregate`;

export const emulatedUndeclared = (engine: EmulatingEngine): UndeclaredDialect => ({
  engine,
  present: `to_regclass('tsdb.job') IS NOT NULL`,
  timed: TIMED,
  async readJobs(db, desired) {
    const declared = new Set(relationsOf(desired).map(nameOf));
    return (await readJobs(db))
      .filter(({ object }) => !declared.has(object))
      .map((policy) => ({ id: policy.id, procedure: 'tsdb.job', object: policy.object, policy }));
  },
  drop: (object) => {
    const key = `${literal(object.schema)}, ${literal(object.name)}`;
    switch (object.kind) {
      case 'aggregate':
        return drop(object);
      case 'function':
        return [`DROP FUNCTION ${ident(object.schema, object.name)}(${object.args})`];
      case 'hypertable':
        // Its chunks and its default partition go with it. CASCADE is never used.
        return [
          `DROP TABLE ${relation(object)}`,
          `DELETE FROM tsdb.hypertable WHERE (schema_name, table_name) = (${key})`,
          `DELETE FROM tsdb.job WHERE (schema_name, object_name) = (${key})`,
        ];
      default:
        return [`DROP TABLE ${relation(object)}`];
    }
  },
  removePolicy: removeJob,
});

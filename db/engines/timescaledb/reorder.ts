// Kind: reorder policies: chunks that are no longer written to are rewritten in the order of an index.
import { literal, relation } from '../../core/sql';
import { settingsOf } from '../../kinds/policy-state';
import type { Hypertable } from '../../language/hypertable';
import type { Index } from '../../language/indexes';
import { nameOf } from '../../language/names';
import type { Kind, Step } from '../../model';
import { hasTimescaledb } from '../../server/server-info';
import { JOB_SETTINGS, JOBS, type JobSettingsRow, readable, resume, withoutOwnPauses } from './job-settings';

interface ReorderState extends JobSettingsRow {
  readonly id: number;
  readonly table: string;
  /** Key columns of the policy's index, `-` before a descending one; null when the index is gone. */
  readonly keys: readonly string[] | null;
}

// Key columns of the index x, in order.
const KEYS = `ARRAY(SELECT CASE WHEN (x.indoption[k - 1] & 1) = 1 THEN '-' ELSE '' END || a.attname
                      FROM generate_series(1, x.indnkeyatts) k JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k - 1] ORDER BY k)`;

export const reorder: Kind<readonly ReorderState[]> = {
  name: 'reorder',
  async read(db, desired) {
    if (!(await hasTimescaledb(db))) return [];
    const { rows } = await db.query<ReorderState>(
      `SELECT j.job_id AS id, format('%s.%s', j.hypertable_schema, j.hypertable_name) AS table, ${JOB_SETTINGS},
              (SELECT ${KEYS} FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                WHERE x.indrelid = format('%I.%I', j.hypertable_schema, j.hypertable_name)::regclass AND i.relname = j.config ->> 'index_name') AS keys
         FROM ${JOBS}
        WHERE p.kind = 'reorder' AND format('%s.%s', j.hypertable_schema, j.hypertable_name) = ANY ($1) ORDER BY 1`,
      [desired.hypertables.map(nameOf)],
    );
    return (await withoutOwnPauses(db, rows)).map((row) => ({
      ...row,
      foreign: readable(row.foreign),
      kept: readable(row.kept),
    }));
  },
  compare(desired, actual) {
    const steps: Step[] = [];
    const staying: ReorderState[] = [];
    for (const table of desired.hypertables) {
      const present = actual.filter((state) => state.table === nameOf(table));
      const wanted = table.reorder === undefined ? null : keysOf(table.reorder);
      const kept = present.find(
        ({ keys, foreign }) => foreign.length === 0 && wanted !== null && same(keys, wanted),
      );
      if (kept !== undefined) staying.push(kept);
      const surplus = present.filter((state) => state !== kept);
      if (surplus.length > 0 || (wanted !== null && kept === undefined))
        steps.push(setPolicy(table, kept === undefined ? wanted : null, surplus));
    }
    return {
      steps,
      ...settingsOf(
        staying.map((state) => ({ ...state, kind: 'reorder', object: state.table })),
        resume,
      ),
    };
  },
};

const same = (a: readonly string[] | null, b: readonly string[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** The keys in the form in which they are read, e.g. `device`, `-at`. Chunks cannot be ordered by an expression. */
const keysOf = ({ keys }: Index): readonly string[] =>
  keys.flatMap((key) => ('column' in key ? [`${key.descending ? '-' : ''}${key.column}`] : []));

function setPolicy(table: Hypertable, add: readonly string[] | null, surplus: readonly ReorderState[]): Step {
  const target = `${literal(relation(table))}::regclass`;
  // The server needs the name of the index, which PostgreSQL chose. The step looks it up by its keys when it runs.
  const indexName = `(SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid = ${target} AND x.indpred IS NULL AND ${KEYS} = ARRAY[${(add ?? []).map(literal).join(', ')}]::name[]::text[] ORDER BY 1 LIMIT 1)`;
  const before = surplus.map(({ keys, foreign }) =>
    [keys === null ? 'an index that is gone' : keys.join(', '), ...foreign].join(' with '),
  );
  return {
    id: `reorder:${nameOf(table)}`,
    object: nameOf(table),
    action: add === null ? 'drop' : surplus.length > 0 ? 'change' : 'create',
    summary:
      add === null
        ? `reorder policy by ${before.join(' and ')}: not declared`
        : `reorder old chunks by ${[...before, ''].join(' → ')}${add.join(', ')}`,
    sql: [
      ...surplus.map(({ id }) => `SELECT public.delete_job(${id})`),
      ...(add === null ? [] : [`SELECT public.add_reorder_policy(${target}, ${indexName})`]),
    ],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

// Kind: row-level security. Policies are compared as the server prints them.
import { ident, relation } from '../core/sql';
import type { RowPolicy } from '../language/access';
import { type DeclaredTable, tablesOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, Kind, Step } from '../model';
import { EMPTY_COPY } from './empty-copy';

interface RowPolicyState {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

interface RowSecurityState {
  readonly enabled: readonly string[];
  readonly policies: readonly RowPolicyState[];
  /** How the server prints each declared policy, by `table name`; absent if a column or role does not exist yet. */
  readonly canonical: ReadonlyMap<string, string>;
}

// A policy as one text: command, roles and both conditions.
const PRINTED = `concat_ws(' | ', p.polcmd, ARRAY(SELECT r.rolname FROM pg_roles r WHERE r.oid = ANY (p.polroles) ORDER BY 1)::text,
  coalesce(pg_get_expr(p.polqual, p.polrelid), '-'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'))`;

export const rowSecurity: Kind<RowSecurityState> = {
  name: 'row-security',
  async read(db, desired) {
    const tables = tablesOf(desired);
    const { rows: enabled } = await db.query<{ name: string }>(
      `SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relrowsecurity AND format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1`,
      [tables.map(nameOf)],
    );
    const { rows: policies } = await db.query<RowPolicyState>(
      `SELECT format('%s.%s', n.nspname, c.relname) AS table, p.polname::text AS name, ${PRINTED} AS definition
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1, 2`,
      [tables.map(nameOf)],
    );
    return { enabled: enabled.map(({ name }) => name), policies, canonical: await readCanonical(db, tables) };
  },
  compare(desired, actual) {
    const steps: Step[] = [];
    const undeclared: string[] = [];
    for (const table of tablesOf(desired)) {
      const object = nameOf(table);
      const present = actual.policies.filter((state) => state.table === object);
      if (table.rowSecurity === undefined) {
        undeclared.push(...present.map(({ name }) => `row policy ${name} of ${object}`));
        continue;
      }
      const declared = table.rowSecurity;
      const changed = declared.filter((policy) => {
        const state = present.find(({ name }) => name === policy.name);
        return state === undefined || state.definition !== actual.canonical.get(`${object} ${policy.name}`);
      });
      const surplus = present.filter(({ name }) => !declared.some((policy) => policy.name === name));
      if (changed.length + surplus.length > 0 || !actual.enabled.includes(object)) {
        steps.push(
          secure(
            table,
            changed,
            surplus.map(({ name }) => name),
            present.map(({ name }) => name),
          ),
        );
      }
    }
    return { steps, undeclared };
  },
};

// One transaction, because nobody may see more or fewer rows while a policy is dropped and created again.
function secure(
  table: DeclaredTable,
  changed: readonly RowPolicy[],
  surplus: readonly string[],
  present: readonly string[],
): Step {
  const dropped = [...surplus, ...changed.map(({ name }) => name).filter((name) => present.includes(name))];
  return {
    id: `row-security:${nameOf(table)}`,
    object: nameOf(table),
    action: present.length > 0 ? 'change' : 'create',
    summary: [
      'row-level security on',
      ...changed.map(({ name }) => `set policy ${name}`),
      ...surplus.map((name) => `remove policy ${name}, which is not declared`),
    ].join('; '),
    sql: [
      `ALTER TABLE ${relation(table)} ENABLE ROW LEVEL SECURITY`,
      ...dropped.map((name) => `DROP POLICY ${ident(name)} ON ${relation(table)}`),
      ...changed.map((policy) => createPolicy(policy, relation(table))),
    ],
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${nameOf(table)}, for an instant`,
    hazards: [],
  };
}

function createPolicy({ name, command, to, using, check }: RowPolicy, target: string): string {
  return [
    `CREATE POLICY ${ident(name)} ON ${target} FOR ${command.toUpperCase()} TO ${ident(to)}`,
    ...(using === undefined ? [] : [`USING (${using})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
  ].join(' ');
}

/** Lets the server print the declared policies. They are created on empty copies of their tables, which are rolled back. */
async function readCanonical(db: Db, tables: readonly DeclaredTable[]): Promise<ReadonlyMap<string, string>> {
  const declared = tables.flatMap((table) => (table.rowSecurity ?? []).map((policy) => ({ table, policy })));
  if (declared.length === 0) return new Map();
  await db.query(
    `CREATE FUNCTION pg_temp.tsdb_canonical_policy(source text, creation text) RETURNS text LANGUAGE plpgsql AS $$
     DECLARE printed text;
     BEGIN
       IF to_regclass(source) IS NULL THEN RETURN NULL; END IF;
       EXECUTE ${EMPTY_COPY};
       EXECUTE creation;
       SELECT ${PRINTED} INTO printed FROM pg_policy p WHERE p.polrelid = 'pg_temp.tsdb_canonical'::regclass;
       DROP TABLE pg_temp.tsdb_canonical;
       RETURN printed;
     EXCEPTION WHEN undefined_column OR undefined_object OR undefined_function THEN
       RETURN NULL;
     END $$`,
  );
  const { rows } = await db.query<{ printed: string | null }>(
    `SELECT pg_temp.tsdb_canonical_policy(t.source, t.creation) AS printed
       FROM jsonb_to_recordset($1::jsonb) AS t (position int, source text, creation text) ORDER BY t.position`,
    [
      JSON.stringify(
        declared.map(({ table, policy }, position) => ({
          position,
          source: relation(table),
          creation: createPolicy(policy, 'pg_temp.tsdb_canonical'),
        })),
      ),
    ],
  );
  return new Map(
    declared.flatMap(({ table, policy }, at): [string, string][] => {
      const printed = rows[at]?.printed;
      return printed ? [[`${nameOf(table)} ${policy.name}`, printed]] : [];
    }),
  );
}

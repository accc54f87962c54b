// Kind: row-level security. Policies are compared as the server prints them.
import { groupBy } from '../core/group-by';
import { ident, relation } from '../core/sql';
import type { RowPolicy } from '../language/access';
import { type DeclaredTable, tablesOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, Kind, PlanDb, SpellingRequest, Step } from '../model';
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
    return {
      enabled: enabled.map(({ name }) => name),
      policies,
      canonical: await readCanonical(db, tables, policies),
    };
  },
  compare(desired, actual) {
    const steps: Step[] = [];
    const undeclared: string[] = [];
    const policies = groupBy(actual.policies, (state) => state.table);
    for (const table of tablesOf(desired)) {
      const object = nameOf(table);
      const present = policies.get(object) ?? [];
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

interface PolicyRequest extends SpellingRequest {
  readonly table: DeclaredTable;
  readonly policy: RowPolicy;
}

/** How the server prints the declared policies. */
async function readCanonical(
  db: PlanDb,
  tables: readonly DeclaredTable[],
  present: readonly RowPolicyState[],
): Promise<ReadonlyMap<string, string>> {
  const reads = tables.map(nameOf);
  const requests = tables.flatMap((table) =>
    (table.rowSecurity ?? []).map(
      (policy): PolicyRequest => ({
        kind: 'row policy',
        relation: nameOf(table),
        text: createPolicy(policy, nameOf(table)),
        // A condition may read other tables.
        reads,
        confirms: (spelling) =>
          present.some(
            (state) =>
              state.table === nameOf(table) && state.name === policy.name && state.definition === spelling,
          ),
        table,
        policy,
      }),
    ),
  );
  const spellings = await db.spellings.of(requests, (unknown) => printPolicies(db, unknown));
  return new Map(
    [...spellings].flatMap(([{ table, policy }, spelling]): [string, string][] =>
      spelling === null ? [] : [[`${nameOf(table)} ${policy.name}`, spelling]],
    ),
  );
}

/** Creates policies on empty copies of their tables, which are rolled back. */
async function printPolicies(
  db: Db,
  requests: readonly PolicyRequest[],
): Promise<readonly (string | null)[]> {
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
        requests.map(({ table, policy }, position) => ({
          position,
          source: relation(table),
          creation: createPolicy(policy, 'pg_temp.tsdb_canonical'),
        })),
      ),
    ],
  );
  return rows.map(({ printed }) => printed);
}

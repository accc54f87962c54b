// Kind: group roles and their grants. It comes after the other objects, because these must exist before rights on them are granted.
import { counted } from '../core/quantities';
import { ident, literal } from '../core/sql';
import type { Access } from '../language/access';
import type { Desired } from '../language/desired';
import { materializationName, nameOf } from '../language/names';
import type { EngineName, Kind, Step } from '../model';

/** A privilege on an object, e.g. `SELECT` on the table `public.sensor_data`. */
interface Grant {
  readonly role: string;
  readonly privilege: string;
  readonly on: 'table' | 'schema' | 'function';
  readonly object: string;
}

interface RolesState {
  readonly engine: EngineName;
  readonly roles: readonly string[];
  /** Direct grants of declared roles on declared objects and the reconciler's schema. */
  readonly grants: readonly Grant[];
  /** Declared roles that are members of pg_monitor. */
  readonly monitors: readonly string[];
}

const INTERNAL_SCHEMA = 'tsdb';

// Tables of engine `postgres` that show how fresh aggregates are, how the jobs are doing and which chunks there are. On
// TimescaleDB everybody may see that.
const EMULATION = ['chunk', 'continuous_aggregate', 'hypertable', 'job'].map(
  (name) => `${INTERNAL_SCHEMA}.${name}`,
);
// What a plan reads besides the catalog. A role that may read these tables can find drift.
const COMPARED = ['paused_job', 'pending_rebuild', 'pending_refresh', 'spelling'].map(
  (name) => `${INTERNAL_SCHEMA}.${name}`,
);
// The function runs with the rights of its owner, so that writers get chunks although they may not create tables.
const MAKES_CHUNKS = `${INTERNAL_SCHEMA}.ensure_chunks`;
// On engine `citus`, sizes are read with a function that asks all nodes.
const READS_SIZES = `${INTERNAL_SCHEMA}.stored_size`;

export const roles: Kind<RolesState> = {
  name: 'roles',
  async read(db, desired) {
    const names = desired.roles.map(({ name }) => name);
    if (names.length === 0) return { engine: 'postgres', roles: [], grants: [], monitors: [] };
    // The emulation does not exist yet when the first apply is planned, so the engine comes from the server, not from the catalog.
    const { engine } = db.server;
    const { rows: existing } = await db.query<{ name: string; monitor: boolean }>(
      `SELECT r.rolname::text AS name,
              EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid AND g.rolname = 'pg_monitor' WHERE m.member = r.oid) AS monitor
         FROM pg_roles r WHERE r.rolname = ANY ($1) ORDER BY 1`,
      [names],
    );
    const { rows: grants } = await db.query<Grant>(
      `SELECT r.rolname::text AS role, x.privilege_type AS privilege, 'table' AS on, format('%s.%s', n.nspname, c.relname) AS object
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) x JOIN pg_roles r ON r.oid = x.grantee
        WHERE r.rolname = ANY ($1) AND (format('%s.%s', n.nspname, c.relname) = ANY ($2) OR n.nspname = $4 AND c.relkind IN ('r', 'v') AND NOT c.relispartition)
       UNION ALL
       SELECT r.rolname, x.privilege_type, 'schema', n.nspname
         FROM pg_namespace n, aclexplode(n.nspacl) x JOIN pg_roles r ON r.oid = x.grantee
        WHERE r.rolname = ANY ($1) AND n.nspname = ANY ($3)
       UNION ALL
       SELECT r.rolname, x.privilege_type, 'function', format('%s.%s', n.nspname, p.proname)
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) x JOIN pg_roles r ON r.oid = x.grantee
        WHERE r.rolname = ANY ($1) AND n.nspname = $4
        ORDER BY 1, 4, 2`,
      [names, relationsOf(desired), [...desired.schemas, INTERNAL_SCHEMA], INTERNAL_SCHEMA],
    );
    return {
      engine,
      roles: existing.map(({ name }) => name),
      grants,
      monitors: existing.filter(({ monitor }) => monitor).map(({ name }) => name),
    };
  },
  compare(desired, actual) {
    return {
      steps: desired.roles.flatMap(({ name, access }) => {
        const wanted = grantsOf(desired, actual.engine, name, access);
        const present = actual.grants.filter(({ role }) => role === name);
        const missing = wanted.filter((grant) => !present.some((other) => sameGrant(grant, other)));
        const surplus = present.filter((grant) => !wanted.some((other) => sameGrant(grant, other)));
        return [
          ...(actual.roles.includes(name) ? [] : [createRole(actual.engine, name, access)]),
          ...grantSteps('grant', name, missing),
          ...grantSteps('revoke', name, surplus),
          ...(access === 'monitor' && !actual.monitors.includes(name) ? [makeMonitor(name)] : []),
        ];
      }),
    };
  },
};

const relationsOf = ({ tables, hypertables, aggregates }: Desired): readonly string[] =>
  [...tables, ...hypertables, ...aggregates].map(nameOf);

function grantsOf(desired: Desired, engine: EngineName, role: string, access: Access): readonly Grant[] {
  const on = (object: string, ...privileges: readonly string[]): readonly Grant[] =>
    privileges.map((privilege) => ({ role, privilege, on: 'table', object }));
  const use = (object: string): Grant => ({ role, privilege: 'USAGE', on: 'schema', object });
  const emulated = engine !== 'timescaledb';
  const state = emulated ? EMULATION : [];
  const call = (object: string): Grant => ({ role, privilege: 'EXECUTE', on: 'function', object });
  const sizes = engine === 'citus' ? [call(READS_SIZES)] : [];
  const watch = [...[...COMPARED, ...state].flatMap((object) => on(object, 'SELECT')), ...sizes];
  // Comparing a query needs the right to name its table. That right does not show any row.
  if (access === 'monitor')
    return [
      ...[INTERNAL_SCHEMA, ...desired.schemas].map(use),
      ...on(`${INTERNAL_SCHEMA}.journal`, 'SELECT'),
      ...watch,
    ];
  const secret = desired.tables.filter((table) => table.secret === true).map(nameOf);
  // The workers of Citus read what is behind a view with the rights of whoever asks, not with those of the view's owner.
  const stored =
    engine === 'citus'
      ? desired.aggregates.map((aggregate) => `${INTERNAL_SCHEMA}.${materializationName(aggregate)}`)
      : [];
  const read = [
    ...desired.schemas.map(use),
    ...relationsOf(desired)
      .filter((object) => !secret.includes(object))
      .concat(stored)
      .flatMap((object) => on(object, 'SELECT')),
    ...(emulated || access === 'serve' ? [use(INTERNAL_SCHEMA)] : []),
    ...(access === 'serve' ? watch : [...state.flatMap((object) => on(object, 'SELECT')), ...sizes]),
  ];
  if (access === 'read') return read;
  // Rows of a hypertable are only added, and retention deletes them. Rows of an ordinary table may also be changed.
  const added = desired.hypertables.flatMap((table) => on(nameOf(table), 'INSERT'));
  // Whoever can write the key table could become an API administrator.
  const open = access === 'serve' ? secret : [];
  const edited = desired.tables
    .map(nameOf)
    .filter((object) => !secret.includes(object) || open.includes(object))
    .flatMap((object) => on(object, 'INSERT', 'UPDATE', 'DELETE'));
  const makes = emulated ? [call(MAKES_CHUNKS)] : [];
  return [...read, ...open.flatMap((object) => on(object, 'SELECT')), ...added, ...edited, ...makes];
}

const sameGrant = (a: Grant, b: Grant): boolean =>
  a.on === b.on && a.object === b.object && a.privilege === b.privilege;

/**
 * Statements that create a group role. Roles are shared by all databases of a server, so another apply may create it at the same time.
 * Citus connects to other nodes as the role that a session has taken on, so there a group may log in. It has no password.
 */
export const createRoleSql = (name: string, engine: EngineName): readonly string[] => [
  `DO $$ BEGIN CREATE ROLE ${ident(name)} ${engine === 'citus' ? 'LOGIN' : 'NOLOGIN'}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
  `COMMENT ON ROLE ${ident(name)} IS ${literal('timescaledb-as-code')}`,
];

function createRole(engine: EngineName, name: string, access: Access): Step {
  return {
    id: `create-role:${name}`,
    object: name,
    action: 'create',
    summary: `group role that may ${access}`,
    sql: createRoleSql(name, engine),
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

function grantSteps(verb: 'grant' | 'revoke', role: string, grants: readonly Grant[]): readonly Step[] {
  if (grants.length === 0) return [];
  const statements = groupByObject(grants).map(({ on, object, privileges }) => {
    const target = `${on.toUpperCase()} ${ident(...object.split('.'))}`;
    return `${verb.toUpperCase()} ${privileges.join(', ')} ON ${target} ${verb === 'grant' ? 'TO' : 'FROM'} ${ident(role)}`;
  });
  return [
    {
      id: `${verb}:${role}`,
      object: role,
      action: verb === 'grant' ? 'create' : 'drop',
      summary: `${counted(grants.length, 'privilege')} on ${counted(statements.length, 'object')}${verb === 'revoke' ? ' that are not declared' : ''}`,
      sql: statements,
      transactional: true,
      lock: 'none',
      hazards: [],
    },
  ];
}

function makeMonitor(name: string): Step {
  return {
    id: `grant-monitor:${name}`,
    object: name,
    action: 'create',
    summary: 'make it a member of pg_monitor, which may read the statistics of the server',
    sql: [`GRANT pg_monitor TO ${ident(name)}`],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

function groupByObject(
  grants: readonly Grant[],
): readonly { on: Grant['on']; object: string; privileges: readonly string[] }[] {
  const keys = [...new Set(grants.map(({ on, object }) => `${on} ${object}`))];
  return keys.map((key) => {
    const group = grants.filter(({ on, object }) => `${on} ${object}` === key);
    const { on, object } = group[0] as Grant;
    return { on, object, privileges: group.map(({ privilege }) => privilege) };
  });
}

// Kind: functions in SQL.
import { literal, relation } from '../core/sql';
import type { SqlFunction } from '../language/function';
import { nameOf } from '../language/names';
import type { Db, Findings, Kind, SpellingRequest, Step } from '../model';

/** A function as the server prints it. The server also prints the declared ones, so that both can be compared. */
interface FunctionState {
  readonly name: string;
  readonly args: string;
  readonly returns: string;
  readonly volatility: string;
  readonly body: string;
}

interface FunctionsState {
  readonly actual: readonly FunctionState[];
  readonly declared: readonly FunctionState[];
}

const PRINTED = `
  SELECT format('%s.%s', n.nspname, p.proname) AS name, pg_get_function_arguments(p.oid) AS args, pg_get_function_result(p.oid) AS returns,
         CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility, p.prosrc AS body
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace`;

export const functions: Kind<FunctionsState> = {
  name: 'functions',
  async read(db, desired) {
    if (desired.functions.length === 0) return { actual: [], declared: [] };
    const { rows: actual } = await db.query<FunctionState>(
      `${PRINTED} WHERE format('%s.%s', n.nspname, p.proname) = ANY ($1) ORDER BY 1, 2`,
      [desired.functions.map(nameOf)],
    );
    const requests = desired.functions.map((declared): FunctionRequest => {
      const name = nameOf(declared);
      return {
        kind: 'function',
        relation: name,
        text: createSql(declared, name),
        reads: [],
        confirms: (spelling) => actual.some((state) => JSON.stringify(state) === spelling),
        declared,
      };
    });
    const spellings = await db.spellings.of(requests, (unknown) => printFunctions(db, unknown));
    return {
      actual,
      declared: requests.map((request) => JSON.parse(spellings.get(request) as string) as FunctionState),
    };
  },
  compare(desired, { actual, declared }) {
    const found = desired.functions.map((wanted, at) =>
      compareFunction(
        wanted,
        declared[at] as FunctionState,
        actual.filter(({ name }) => name === nameOf(wanted)),
      ),
    );
    return {
      steps: found.flatMap(({ steps = [] }) => steps),
      refusals: found.flatMap(({ refusals = [] }) => refusals),
    };
  },
};

interface FunctionRequest extends SpellingRequest {
  readonly declared: SqlFunction;
}

// The bodies are not checked, because they may use tables that this plan creates.
async function printFunctions(db: Db, requests: readonly FunctionRequest[]): Promise<readonly string[]> {
  const creations = requests.map(({ declared }, at) => createSql(declared, `pg_temp.tsdb_function_${at}`));
  await db.query(['SET LOCAL check_function_bodies = off', ...creations].join(';\n'));
  const { rows } = await db.query<FunctionState>(
    `${PRINTED} WHERE p.pronamespace = pg_my_temp_schema() AND p.proname LIKE 'tsdb\\_function\\_%'`,
  );
  return requests.map(({ relation: name }, at) => {
    const own = rows.find((state) => state.name.endsWith(`.tsdb_function_${at}`)) as FunctionState;
    return JSON.stringify({ ...own, name } satisfies FunctionState);
  });
}

function compareFunction(
  wanted: SqlFunction,
  declared: FunctionState,
  present: readonly FunctionState[],
): Partial<Findings> {
  const same = present.find(({ args }) => args === declared.args);
  if (same === undefined) return { steps: [step(wanted, present.length === 0 ? 'create' : 'change')] };
  if (same.returns !== declared.returns) {
    return {
      refusals: [
        {
          object: nameOf(wanted),
          what: `returns ${same.returns}, declared ${declared.returns}`,
          why: 'PostgreSQL cannot change the return type of a function in place',
          wayOut: 'drop the function by hand and apply again, or declare the new function under another name',
        },
      ],
    };
  }
  const equal = same.volatility === declared.volatility && same.body === declared.body;
  return equal ? {} : { steps: [step(wanted, 'change')] };
}

function step(wanted: SqlFunction, action: 'create' | 'change'): Step {
  return {
    id: `${action}-function:${nameOf(wanted)}`,
    object: nameOf(wanted),
    action,
    summary: `function (${wanted.args}) returns ${wanted.returns}`,
    sql: [createSql(wanted, relation(wanted))],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
}

function createSql({ args, returns, volatility, body }: SqlFunction, name: string): string {
  return `CREATE OR REPLACE FUNCTION ${name}(${args}) RETURNS ${returns} LANGUAGE sql ${volatility.toUpperCase()} AS ${literal(body)}`;
}

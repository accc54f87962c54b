// Plans with and without the memory of spellings, and what the server printed for them.
import { role } from '../language/access';
import { integer, text } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { sqlFunction } from '../language/function';
import { expression, index, partial } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import type { Plan } from '../model';
import { makePlan } from '../reconcile/plan';
import { withConnection } from '../server/connection';
import { execute } from './apply';

const TENANT = 'tsdb_test_tenant';

/** One of each kind that the server prints, and each in another spelling than the server's. */
export const office = (state = "'new'"): SchemaSet =>
  schemaSet('office', [
    role(TENANT, 'write'),
    sqlFunction('office.scaled', {
      args: 'amount decimal',
      returns: 'decimal',
      volatility: 'immutable',
      body: 'SELECT amount * 100',
    }),
    table('office.account', {
      columns: {
        tenant: text().notNull(),
        name: text(),
        state: text().default(state),
        amount: integer(),
      },
      primaryKey: ['tenant'],
      indexes: [
        index<'amount'>(expression('office.scaled(amount)')),
        partial(index('name'), `state IN ('new', 'open')`),
        index<'name'>(expression('lower(name)')),
      ],
      rowSecurity: [{ name: 'own', command: 'select', to: TENANT, using: `tenant = 'a'||'b'` }],
    }),
  ]);

export const ALL = ['aggregate', 'column', 'function', 'index', 'row policy'];

const HELPERS: Readonly<Record<string, string>> = {
  tsdb_canonical: 'aggregate',
  tsdb_canonical_column: 'column',
  tsdb_function_0: 'function',
  tsdb_canonical_indexes: 'index',
  tsdb_canonical_policy: 'row policy',
};

/** A plan, and the kinds of objects that the server printed for it. */
interface Observed {
  readonly plan: Plan;
  readonly printed: readonly string[];
}

export const observe = (
  url: string,
  sets: readonly SchemaSet[],
  ...before: readonly string[]
): Promise<Observed> =>
  withConnection(url, async (client) => {
    for (const statement of before) await client.query(statement);
    const created = new Set<string>();
    const query = ((...args: Parameters<typeof client.query>) => {
      const made = /FUNCTION pg_temp\.(\w+)/.exec(String(args[0]))?.[1];
      if (made !== undefined && made in HELPERS) created.add(HELPERS[made] as string);
      return client.query(...args);
    }) as typeof client.query;
    const plan = await makePlan({ query }, desiredFrom(sets));
    return { plan, printed: [...created].sort() };
  });

export const steps = ({ plan }: Observed): readonly string[] => plan.steps.map(({ id }) => id);

/** A plan in sync, and what it printed. */
export const printedInSync = async (
  url: string,
  sets: readonly SchemaSet[],
  ...before: readonly string[]
) => {
  const { plan, printed } = await observe(url, sets, ...before);
  expect({ steps: plan.steps, refusals: plan.refusals }).toEqual({ steps: [], refusals: [] });
  return printed;
};

/** A plan with the memory, which must not differ from a plan without it. */
export const planBoth = async (url: string, sets: readonly SchemaSet[], ...before: readonly string[]) => {
  const warm = await observe(url, sets, ...before);
  await execute(url, 'DELETE FROM tsdb.spelling');
  const cold = await observe(url, sets, ...before);
  expect(cold.printed).toEqual(ALL);
  expect(warm.plan).toEqual(cold.plan);
  return warm;
};

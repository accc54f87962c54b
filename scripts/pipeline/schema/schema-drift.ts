// How the deployed database differs from its declaration: read from the database, else from its API, else from its machine.
import { UsageError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import { summaryOf } from '../../../db/reconcile/format';
import { formatPlanMarkdown } from '../../../db/reconcile/format-markdown';
import { inSync } from '../../../db/reconcile/plan';
import { apiClient, type ClientOptions } from '../smoke/api-client';
import { trustOf } from '../smoke/trust';
import type { StackRun } from '../stage';
import { stackOutputs } from '../terraform/terraform';
import { planOnMachine } from './machine-plan';
import { planDatabase } from './schema-plan';

/** A page about the difference, and the difference in one line, which is undefined when the database is as declared. */
export interface SchemaDrift {
  readonly markdown: string;
  readonly difference: string | undefined;
}

/**
 * Asks the first of these that is known: the database (DATABASE_URL), which is compared with the schema of this checkout; the
 * API (TSDB_API_URL and an admin's TSDB_API_KEY) or the machine of the stack, which compare with the schema they were deployed with.
 * @throws UsageError when none is known, or the one that was asked does not answer.
 */
export async function schemaDrift(stack: string, run: StackRun): Promise<SchemaDrift> {
  const { env, signal } = run;
  if (env.DATABASE_URL || env.PGHOST) return askDatabase();
  if (env.TSDB_API_URL && env.TSDB_API_KEY) {
    const trust = trustOf({ ca: env.TSDB_API_CA, servername: env.TSDB_API_SERVERNAME });
    return askApi(env.TSDB_API_URL, { key: env.TSDB_API_KEY, signal, trust });
  }
  const { machine_id } = await stackOutputs(await run.folderOf(stack), run);
  if (machine_id) return askMachine(machine_id, run);
  throw new UsageError(
    'nothing says where the deployed database is: the stack has no output machine_id; set DATABASE_URL on a runner that reaches the database, or TSDB_API_URL and an admin key in TSDB_API_KEY',
  );
}

async function askMachine(machineId: string, run: StackRun): Promise<SchemaDrift> {
  const { inSync: same, markdown } = await planOnMachine(machineId, run);
  return { markdown, difference: same ? undefined : 'the machine has changes to apply' };
}

async function askDatabase(): Promise<SchemaDrift> {
  const plan = await planDatabase();
  return { markdown: formatPlanMarkdown(plan), difference: inSync(plan) ? undefined : summaryOf(plan) };
}

/** As `/api/operations/drift` tells it. */
interface Report {
  readonly checked_at: string;
  readonly in_sync: boolean;
  readonly steps: readonly Readonly<Record<'object' | 'action' | 'summary', string>>[];
  readonly refusals: readonly Readonly<Record<'object' | 'what' | 'why' | 'way_out', string>>[];
}

async function askApi(url: string, options: ClientOptions): Promise<SchemaDrift> {
  const answer = await apiClient(url, options).get('/api/operations/drift');
  if (answer.status !== 200)
    throw new UsageError(`${url}/api/operations/drift answered ${answer.status}: ${answer.said}`);
  const { in_sync, steps, refusals, checked_at } = answer.body as Report;
  const lines = [
    ...steps.map(({ object, action, summary }) => `- ${action} \`${object}\`: ${summary}`),
    ...refusals.map(
      ({ object, what, why, way_out }) => `- **refused** \`${object}\` ${what}: ${why}; ${way_out}`,
    ),
  ];
  const difference = `${counted(steps.length, 'step')}, ${refusals.length} refused`;
  const markdown = [
    '### Schema drift',
    '',
    in_sync ? 'In sync.' : `${difference}.`,
    '',
    ...(lines.length > 0 ? [...lines, ''] : []),
    `Checked by the API at ${checked_at}`,
  ].join('\n');
  return { markdown, difference: in_sync ? undefined : difference };
}

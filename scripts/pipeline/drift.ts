// pipeline drift: is what runs still what is declared, infrastructure and schema? Exit code 2 when it is not.
import { messageOf, TsdbError, UsageError } from '../../db/core/errors';
import { note, paintFor } from '../output';
import { type CiHost, ciHost } from './ci-host';
import { brokenRollout } from './rollout';
import { schemaDrift } from './schema/schema-drift';
import { withStackPlan } from './stack-plan';
import type { StackRun } from './stage';
import { countsOf } from './terraform/plan-markdown';

export const PARTS = ['infrastructure', 'schema'] as const;
export type Part = (typeof PARTS)[number];

export interface DriftFlags {
  /** The schema is checked with the first one. */
  readonly stacks: readonly string[];
  /** Without it both parts are checked. */
  readonly only?: Part;
}

const DRIFTED = 2;

/**
 * Checks each part, even when the other one failed: a part that cannot be checked is reported as well as one that differs.
 * @returns 0 in sync, 2 differences
 * @throws UsageError when a part could not be checked.
 */
export async function drift(flags: DriftFlags, run: StackRun): Promise<number> {
  const host = ciHost(run.env);
  const found: string[] = [];
  const failed: string[] = [];
  for (const [part, stack] of looksOf(flags)) {
    const what = part === 'infrastructure' && flags.stacks.length > 1 ? `${part} of ${stack}` : part;
    try {
      const difference = await (part === 'schema' ? ofSchema : ofInfrastructure)(stack, host, run);
      if (difference !== undefined) found.push(`${what}: ${difference}`);
    } catch (error) {
      if (!(error instanceof TsdbError)) throw error;
      failed.push(`${what}: ${messageOf(error)}`);
    }
  }
  for (const line of found) note(`${paintFor(process.stderr).red('drift:')} ${line}`);
  if (failed.length > 0) throw new UsageError(`drift could not be looked for:\n${failed.join('\n')}`);
  if (found.length === 0) note('no drift');
  return found.length === 0 ? 0 : DRIFTED;
}

// There is one schema, and all stacks have their own infrastructure.
function looksOf({ stacks, only }: DriftFlags): readonly (readonly [Part, string])[] {
  const looks = PARTS.flatMap((part) =>
    (part === 'schema' ? stacks.slice(0, 1) : stacks).map((stack) => [part, stack] as const),
  );
  return looks.filter(([part]) => only === undefined || only === part);
}

// The page also shows what was changed outside of Terraform and needs no change here. A workload can be as declared and not up.
function ofInfrastructure(stack: string, host: CiHost, run: StackRun): Promise<string | undefined> {
  return withStackPlan({ purpose: 'Drift', stack, allowed: [], host }, run, async ({ plan, outputs }) => {
    // Reading a data source is not a difference.
    const changes = plan.changes.filter(({ kind }) => kind !== 'read');
    const isAsPlanned = changes.length === 0 && plan.outputs.length === 0;
    const broken = await brokenRollout({ stack, outputs: await outputs() }, run);
    const found = [...(isAsPlanned ? [] : [countsOf({ ...plan, changes })]), ...(broken ? [broken] : [])];
    return found.length === 0 ? undefined : found.join('; ');
  });
}

async function ofSchema(stack: string, host: CiHost, run: StackRun): Promise<string | undefined> {
  const { markdown, difference } = await schemaDrift(stack, run);
  host.publish(markdown);
  return difference;
}

// pipeline drift: is what runs still what is declared, infrastructure and schema? Exit code 2 when it is not.
import { messageOf, TsdbError, UsageError } from '../../db/errors';
import { note, paintFor } from '../output';
import { ciHost } from './ci-host';
import { dataLosses } from './plan-guard';
import { countsOf, formatInfrastructurePlan } from './plan-markdown';
import { schemaDrift } from './schema-drift';
import { type StackRun, titleOf } from './stage';
import { withPlan } from './terraform';

export const PARTS = ['infrastructure', 'schema'] as const;
export type Part = (typeof PARTS)[number];

export interface DriftFlags {
  readonly stack: string;
  /** Without it both parts are looked at. */
  readonly only?: Part;
}

const DRIFTED = 2;

/**
 * Looks at each part, whatever became of the other: one that cannot be looked at is as loud as one that differs.
 * @returns 0 in sync, 2 differences
 * @throws UsageError when a part could not be looked at.
 */
export async function drift(flags: DriftFlags, run: StackRun): Promise<number> {
  const found: string[] = [];
  const failed: string[] = [];
  for (const part of PARTS.filter((one) => flags.only === undefined || flags.only === one)) {
    try {
      const difference =
        part === 'schema' ? await ofSchema(flags.stack, run) : await ofInfrastructure(flags.stack, run);
      if (difference !== undefined) found.push(`${part}: ${difference}`);
    } catch (error) {
      if (!(error instanceof TsdbError)) throw error;
      failed.push(`${part}: ${messageOf(error)}`);
    }
  }
  for (const line of found) note(`${paintFor(process.stderr).red('drift:')} ${line}`);
  if (failed.length > 0) throw new UsageError(`drift could not be looked for:\n${failed.join('\n')}`);
  if (found.length === 0) note('no drift');
  return found.length === 0 ? 0 : DRIFTED;
}

async function ofInfrastructure(stack: string, run: StackRun): Promise<string | undefined> {
  return withPlan(await run.folderOf(stack), { mode: 'apply', lock: 'leave' }, run, async ({ plan }) => {
    const { changes, outputs } = plan;
    // What was changed outside and is not managed here needs no work, and is shown all the same.
    ciHost(run.env).publish(
      formatInfrastructurePlan({
        title: titleOf('Drift', stack, run),
        plan,
        losses: dataLosses(plan),
        allowed: [],
      }),
    );
    // A data source that is read is no difference.
    const real = changes.filter(({ kind }) => kind !== 'read');
    return real.length === 0 && outputs.length === 0 ? undefined : countsOf({ ...plan, changes: real });
  });
}

async function ofSchema(stack: string, run: StackRun): Promise<string | undefined> {
  const { markdown, difference } = await schemaDrift(stack, run);
  ciHost(run.env).publish(markdown);
  return difference;
}

// tsdb apply: make the database as declared.
import { readFileSync } from 'node:fs';
import { RefusedError, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';
import type { Plan } from '../../db/model';
import { type ApplyOptions, type ApplyReport, applySchema } from '../../db/reconcile/apply';
import { formatPlan, formatSql } from '../../db/reconcile/format';
import { parsePlan } from '../../db/reconcile/plan';
import { confirm } from '../confirm';
import { readContext, requireConnection } from '../context';
import { parseHazards } from '../hazards';
import { note, paintFor, print, printJson } from '../output';

export interface ApplyFlags {
  readonly yes?: boolean;
  readonly allow?: string;
  readonly json?: boolean;
  readonly prune?: boolean;
  readonly sql?: boolean;
}

/** Tells what an apply does beside its steps. */
export const applyNotes: Pick<ApplyOptions, 'onRetry' | 'onNote'> = {
  onNote: note,
  onRetry: ({ reason, attempt, attempts, pauseMs }, step) =>
    note(
      `${step ? `${step.id}: ` : ''}${reason}; attempt ${attempt} of ${attempts} in ${(pauseMs / 1000).toFixed(1)} s`,
    ),
};

/** Applies the declaration, or a saved plan if it still fits. Exit code 0, or 3 when refused. */
export async function apply(
  file: string | undefined,
  flags: ApplyFlags,
  signal: AbortSignal,
): Promise<number> {
  const { config, desired } = readContext();
  const saved = file === undefined ? undefined : readPlan(file);
  if (saved !== undefined && flags.prune && !saved.prune)
    throw new UsageError(
      `${file} was made without --prune, and a saved plan is carried out as it was made; leave --prune out, or make a new plan with "${invocation(`plan --prune --out ${file}`)}"`,
    );
  const report = await applySchema(requireConnection(config), desired, {
    allow: parseHazards(flags.allow ?? ''),
    lockWaitMs: config.lockWaitMs,
    statementTimeoutMs: config.stepTimeoutMs,
    signal,
    prune: flags.prune === true,
    ...(saved ? { saved } : {}),
    ...(flags.yes ? {} : { confirm: (plan) => askPerson(plan, flags, signal) }),
    onStep: (step, position, steps) => {
      note(`[${position}/${steps}] ${step.object}: ${step.summary}`);
      // Whoever confirmed the plan has already seen its statements.
      if (flags.sql && flags.yes) note(formatSql(step).join('\n'));
    },
    ...applyNotes,
  });
  printReport(report, flags);
  return 0;
}

function readPlan(file: string): Plan {
  try {
    return parsePlan(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

async function askPerson(plan: Plan, { sql }: ApplyFlags, signal: AbortSignal): Promise<boolean> {
  note(formatPlan(plan, paintFor(process.stderr), { sql }));
  if (process.stdin.isTTY !== true) {
    throw new RefusedError(
      'nothing was changed, because there is no terminal to ask for confirmation; read the plan above and add --yes',
    );
  }
  return confirm('\nType "yes" to apply: ', signal, { input: process.stdin, output: process.stderr });
}

function printReport({ plan, applied, resumed, interrupted }: ApplyReport, { json }: ApplyFlags): void {
  for (const warning of plan.warnings) note(`warning: ${warning}`);
  if (json) {
    const { server, fingerprint } = plan;
    printJson({ version: 1, server, fingerprint, applied, resumed, interrupted, inSync: true });
  } else
    print(
      applied.length === 0
        ? 'In sync: nothing to do.'
        : `In sync: ${counted(applied.length, 'step')} applied.`,
    );
}

// tsdb plan: what would change, and what that would do to data.
import { writeFileSync } from 'node:fs';
import { UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import type { Plan } from '../../db/model';
import { formatPlan } from '../../db/reconcile/format';
import { formatPlanMarkdown } from '../../db/reconcile/format-markdown';
import { inSync, makePlan } from '../../db/reconcile/plan';
import { planDocument } from '../../db/reconcile/plan-document';
import { withConnection } from '../../db/server/connection';
import { readContext, requireConnection } from '../context';
import { note, paintFor, print, printJson } from '../output';

/** Text for a terminal, one JSON document for programs, Markdown for a pull request. */
export type PlanFormat = 'text' | 'json' | 'markdown';

export interface PlanFlags {
  readonly format: PlanFormat;
  /** Short for `--format json`. */
  readonly json?: boolean;
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  /** Also plans to drop what an apply has created and nobody declares any more. */
  readonly prune?: boolean;
  /** Shows the statements in the text. */
  readonly sql?: boolean;
}

/** Prints the plan. Exit code 0; with `--detailed-exitcode` 2 when there are changes and 3 when some are refused. */
export async function plan(flags: PlanFlags): Promise<number> {
  const { config, desired } = readContext();
  const made = await withConnection(requireConnection(config), (db) =>
    makePlan(db, desired, { prune: flags.prune === true }),
  );
  if (flags.out !== undefined) save(flags.out, JSON.stringify(planDocument(made), null, 2));
  show(made, flags);
  if (!flags.detailedExitcode || inSync(made)) return 0;
  return made.refusals.length > 0 ? 3 : 2;
}

function show(plan: Plan, { json, format, sql }: PlanFlags): void {
  if (json || format === 'json') printJson(planDocument(plan));
  else if (format === 'markdown') print(formatPlanMarkdown(plan));
  else print(formatPlan(plan, paintFor(process.stdout), { width: process.stdout.columns, sql }));
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, `${text}\n`);
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
  note(`plan saved; carry it out with "${invocation(`apply ${file}`)}"`);
}

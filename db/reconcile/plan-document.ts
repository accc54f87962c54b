// A plan as it is shown: without the scripts of the internals, which come with the program and are thousands of lines.
import { createHash } from 'node:crypto';
import { counted } from '../core/quantities';
import { INTERNALS_STEP } from '../kinds/internals';
import type { Plan, Step } from '../model';

/**
 * The plan for a JSON document. Its fingerprint stays the one of the complete statements, and an apply of the document plans again,
 * so it runs them whole.
 */
export function planDocument(plan: Plan): Plan {
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, sql: shownSql(step) })) };
}

/** The statements of a step as people and programs see them. A script of the internals is named by its digest. */
export function shownSql({ id, sql }: Pick<Step, 'id' | 'sql'>): readonly string[] {
  return id === INTERNALS_STEP ? sql.map(withoutScript) : sql;
}

const withoutScript = (statement: string): string =>
  statement.includes('\n')
    ? `-- a script of this program, ${counted(statement.split('\n').length, 'line')}, sha256 ${createHash('sha256').update(statement).digest('hex')}`
    : statement;

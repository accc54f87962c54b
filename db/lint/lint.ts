// Checks the whole declaration before any SQL runs, for combinations that the server accepts but that lose data or never work.
import { UsageError } from '../core/errors';
import type { Desired } from '../language/desired';
import { columnstoreRules } from './columnstore-rules';
import { distributionRules } from './distribution-rules';
import { expressionRules } from './expression-rules';
import { ingestRules } from './ingest-rules';
import { nameRules } from './name-rules';
import { refreshRules } from './refresh-rules';
import { renameRules } from './rename-rules';
import type { LintRule } from './rule';
import { streamRules } from './stream-rules';
import { tableRules } from './table-rules';

/** One broken rule; the message says what is wrong, why, and what to do. */
export interface LintFault {
  readonly rule: string;
  readonly object: string;
  readonly message: string;
}

/** All rules by id. */
export const lintRules: readonly LintRule[] = [
  ...refreshRules,
  ...columnstoreRules,
  ...expressionRules,
  ...tableRules,
  ...renameRules,
  ...nameRules,
  ...ingestRules,
  ...streamRules,
  ...distributionRules,
].sort((a, b) => (a.id < b.id ? -1 : 1));

/** Checks every rule. */
export function lint(desired: Desired): readonly LintFault[] {
  return lintRules.flatMap(({ id, check }) =>
    check(desired).map(([object, message]) => ({ rule: id, object, message })),
  );
}

/** @throws UsageError that lists every fault. */
export function requireLintFree(desired: Desired): void {
  const faults = lint(desired);
  if (faults.length === 0) return;
  throw new UsageError(faults.map(({ rule, object, message }) => `${rule} ${object}: ${message}`).join('\n'));
}

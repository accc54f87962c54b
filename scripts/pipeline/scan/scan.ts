// pipeline scan: public scanners look at the stacks, the workflows and the shell scripts. Exit code 1 when one finds a fault that
// nobody has accepted.
import { UsageError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import { cell } from '../../../db/reconcile/format-markdown';
import { note } from '../../output';
import { ciHost } from '../ci-host';
import type { StageRun } from '../stage';
import { ACCEPTED, type Accepted, judge } from './accepted';
import { installed } from './installed';
import { type Finding, SCANNERS } from './scanners';

export interface ScanFlags {
  /** Whether a scanner that is not installed is a failure. */
  readonly all?: boolean;
}

/** What one scanner did. */
interface Row {
  readonly scanner: string;
  readonly result: string;
}

/**
 * Runs each scanner that is installed. A scanner that is not is named and left out.
 * @returns 0 when every finding is accepted, else 1
 * @throws UsageError when a scanner fails, or when one is missing and `all` is set.
 */
export async function scan({ all = false }: ScanFlags, run: StageRun): Promise<number> {
  const rows: Row[] = [];
  const faults: string[] = [];
  const missing: string[] = [];
  for (const { name, look } of SCANNERS) {
    if (!installed(name, run.env)) {
      missing.push(name);
      rows.push({ scanner: name, result: 'not installed' });
      continue;
    }
    const { open, accepted, unused } = judge(name, await look(run));
    faults.push(...open.map((finding) => tellOf(name, finding)), ...unused.map(tellUnused));
    rows.push({ scanner: name, result: `${counted(open.length, 'finding')}, ${accepted.length} accepted` });
  }
  for (const { scanner, result } of rows) note(`${scanner}: ${result}`);
  for (const fault of faults) note(fault);
  ciHost(run.env).publish(pageOf(rows, faults));
  if (all && missing.length > 0)
    throw new UsageError(
      `not installed: ${missing.join(', ')}; run scripts/pipeline/scan/install.sh FOLDER, and put FOLDER/bin on the PATH`,
    );
  return faults.length === 0 ? 0 : 1;
}

const tellOf = (scanner: string, { rule, where, says }: Finding): string =>
  `${scanner} ${rule} at ${where}: ${says}`;

const tellUnused = ({ scanner, rule, where }: Accepted): string =>
  `${scanner} ${rule} is accepted at ${where} and no longer found; remove it from scripts/pipeline/scan/accepted.ts`;

function pageOf(rows: readonly Row[], faults: readonly string[]): string {
  return [
    '### Scan',
    '',
    '| scanner | |',
    '|---|---|',
    ...rows.map(({ scanner, result }) => `| ${scanner} | ${result} |`),
    ...(faults.length > 0 ? ['', ...faults.map((fault) => `- ${cell(fault)}`)] : []),
    '',
    `Accepted findings and their reasons: scripts/pipeline/scan/accepted.ts (${counted(ACCEPTED.length, 'entry', 'entries')}) and the lists of the stacks that it names`,
  ].join('\n');
}

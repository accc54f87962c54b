// The public scanners: how each is run, and what it found in its own words.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../../db/core/errors';
import { type ChildRun, capture, succeed } from '../child';
import type { StageRun } from '../stage';
import { withStackCopies } from './stack-copies';

/** Something that a scanner does not like. */
export interface Finding {
  /** The scanner's name for it, such as `CKV_AZURE_50` or `SC2034`. */
  readonly rule: string;
  /** A file and a line, or for a stack its folder in the copies and a resource, `default/azure resource.vault_BBE00A92`. */
  readonly where: string;
  /** For people. */
  readonly says: string;
}

export interface Scanner {
  /** The program. */
  readonly name: string;
  /** @throws UsageError when it fails, or did not look at everything. */
  look(run: StageRun): Promise<readonly Finding[]>;
}

const ROOT = join(__dirname, '..', '..', '..');

export const SCANNERS: readonly Scanner[] = [
  { name: 'checkov', look: checkov },
  { name: 'actionlint', look: actionlint },
  { name: 'zizmor', look: zizmor },
  { name: 'shellcheck', look: shellcheck },
];

interface CheckovRecord {
  readonly check_id: string;
  readonly check_name: string;
  readonly resource: string;
  readonly file_path: string;
}

interface CheckovReport {
  readonly results: Readonly<Record<'passed_checks' | 'failed_checks', readonly CheckovRecord[]>>;
  readonly summary: { readonly parsing_errors: number };
}

/** It ends with 0 when it cannot read a file, so what it read is compared with what was there. */
function checkov({ env, signal }: StageRun): Promise<readonly Finding[]> {
  return withStackCopies({ env, signal }, async (folder, copies) => {
    const args = ['--directory', folder, '--framework', 'terraform_json', '--compact', '--output', 'json'];
    const report = await json<CheckovReport>('checkov', [...args, '--skip-download'], {
      folder,
      env: { ...env, LOG_LEVEL: 'ERROR' },
      signal,
    });
    const { passed_checks, failed_checks } = report.results;
    const copyOf = ({ file_path }: CheckovRecord): string => file_path.replace(/^\/|\/cdk\.tf\.json$/g, '');
    const read = new Set(passed_checks.map(copyOf));
    const unread = copies.filter((copy) => !read.has(copy));
    if (report.summary.parsing_errors > 0 || unread.length > 0)
      throw new UsageError(`checkov could not read every stack: ${unread.join(', ') || 'see above'}`);
    return failed_checks.map((record) => ({
      rule: record.check_id,
      where: `${copyOf(record)} ${record.resource}`,
      says: record.check_name,
    }));
  });
}

async function actionlint({ env, signal }: StageRun): Promise<readonly Finding[]> {
  interface Fault {
    readonly kind: string;
    readonly filepath: string;
    readonly line: number;
    readonly message: string;
  }
  const run = { folder: ROOT, env, signal };
  const faults = await json<readonly Fault[] | null>('actionlint', ['-format', '{{json .}}'], run);
  return (faults ?? []).map(({ kind, filepath, line, message }) => ({
    rule: kind,
    where: `${filepath}:${line}`,
    says: message,
  }));
}

async function zizmor({ env, signal }: StageRun): Promise<readonly Finding[]> {
  interface Location {
    readonly symbolic: {
      readonly kind: string;
      readonly key: { readonly Local: { readonly verbatim_path: string } };
    };
    readonly concrete: { readonly location: { readonly start_point: { readonly row: number } } };
  }
  interface Fault {
    readonly ident: string;
    readonly desc: string;
    readonly locations: readonly Location[];
  }
  // Without a token of GitHub it works from the files alone.
  const args = [
    '-qq',
    '--offline',
    '--no-progress',
    '--strict-collection',
    '--no-exit-codes',
    '--format',
    'json-v1',
  ];
  const faults = await json<readonly Fault[]>('zizmor', [...args, '.github'], { folder: ROOT, env, signal });
  return faults.map(({ ident, desc, locations }) => {
    const at = locations.find(({ symbolic }) => symbolic.kind === 'Primary') ?? locations[0];
    const line = (at?.concrete.location.start_point.row ?? 0) + 1;
    return { rule: ident, where: `${at?.symbolic.key.Local.verbatim_path}:${line}`, says: desc };
  });
}

/** Parts that are sourced are looked at in the programs that source them. */
async function shellcheck(run: StageRun): Promise<readonly Finding[]> {
  interface Comment {
    readonly file: string;
    readonly line: number;
    readonly code: number;
    readonly message: string;
  }
  const child = { folder: ROOT, env: run.env, signal: run.signal };
  const args = ['--external-sources', '--check-sourced', '--source-path=SCRIPTDIR', '--format=json1'];
  const files = await shellPrograms(child);
  const { comments } = await json<{ readonly comments: readonly Comment[] }>(
    'shellcheck',
    [...args, ...files],
    child,
  );
  const found = comments.map(({ file, line, code, message }) => ({
    rule: `SC${code}`,
    where: `${file.replace('/./', '/')}:${line}`,
    says: message,
  }));
  return [...new Map(found.map((finding) => [JSON.stringify(finding), finding])).values()];
}

async function shellPrograms(child: ChildRun): Promise<readonly string[]> {
  const tracked = await succeed(
    'git ls-files',
    capture('git', ['ls-files', '-z', '--', '*.sh', '.ci/*'], child),
  );
  return tracked
    .split('\0')
    .filter((file) => file !== '' && /^#!.*sh\n/.test(readFileSync(join(ROOT, file), 'utf8')));
}

/** Runs a scanner, which ends with 1 when it found something. */
async function json<T>(program: string, args: readonly string[], run: ChildRun): Promise<T> {
  const { code, stdout } = await capture(program, args, run);
  try {
    if (code === 0 || code === 1) return JSON.parse(stdout) as T;
  } catch {
    // What it printed is no result.
  }
  throw new UsageError(`${program} failed (${code}); what it says is above\n${stdout.slice(0, 500)}`);
}

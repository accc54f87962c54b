// tsdb export: rows or figures into a CSV, NDJSON or Parquet file.
import { ProblemError } from '../../api/http/problems';
import { UsageError } from '../../db/core/errors';
import { counted, shortBytes } from '../../db/core/quantities';
import { readContext, requireConnection } from '../context';
import { exportRows } from '../export/export';
import { type ExportFormat, fileShape } from '../export/format';
import { type ExportPlan, type ExportRequest, planExport } from '../export/query';
import { checkTarget } from '../export/target';
import { note, printJson } from '../output';

export interface ExportFlags extends Omit<ExportRequest, 'what' | 'sql'> {
  readonly out: string;
  readonly format?: ExportFormat;
  readonly gzip?: boolean;
  readonly sql?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Writes one file, whole or not at all. Exit code 0, also when the reader of standard output went away. */
export async function exportData(what: string, flags: ExportFlags, signal: AbortSignal): Promise<number> {
  const { out, force = false, json = false, sql = false } = flags;
  if (json && out === '-')
    throw new UsageError('--json and --out - both write to standard output; choose one');
  const { format, gzip } = fileShape(out, flags.format, flags.gzip === true);
  const { config, desired } = readContext();
  const plan = readPlan(() => planExport(desired, { ...flags, what, sql }));
  const { source, bucket, keptSince } = plan;
  await checkTarget({ out, force });
  const target = { out, gzip, force, signal };
  if (keptSince !== null)
    note(`${source} has rows only since ${keptSince}: its retention has dropped older rows`);
  const report = await exportRows(requireConnection(config), plan, format, target);
  if (json) printJson({ file: out, format, gzip, source, bucket, keptSince, ...report });
  else if (report.bytes !== null)
    note(
      `${counted(report.rows, 'row')}${source === null ? '' : ` of ${source}`}${bucket === null ? '' : `, buckets of ${bucket},`} in ${counted(report.bytes, 'byte')} (${shortBytes(report.bytes)}), ${report.seconds} s`,
    );
  return 0;
}

// What the API says about a request is right here too.
function readPlan(plan: () => ExportPlan): ExportPlan {
  try {
    return plan();
  } catch (error) {
    if (error instanceof ProblemError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

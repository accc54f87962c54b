// tsdb import: a CSV file into a hypertable.
import { withConnection, withRollback } from '../../db/connection';
import { type Hypertable, nameOf } from '../../db/define';
import { UsageError } from '../../db/errors';
import type { Desired } from '../../db/model';
import { readServer } from '../../db/server';
import { readContext, requireConnection } from '../context';
import { parseMapping } from '../data/csv';
import { importCsv } from '../data/import';
import { note, print, printJson } from '../output';
import { describeRefresh } from './refresh';

export interface ImportFlags {
  readonly table: string;
  readonly map?: string;
  readonly set: readonly string[];
  readonly zone: string;
  readonly shift: string;
  readonly allowExpired?: boolean;
  readonly again?: boolean;
  readonly json?: boolean;
}

/** Imports a file; all of it or nothing. */
export async function importFile(file: string, flags: ImportFlags): Promise<number> {
  const { config, desired } = readContext();
  const table = find(desired, flags.table);
  const mapping = parseMapping(table, flags.map, flags.set);
  const report = await withConnection(requireConnection(config), async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    return importCsv(db, engine, desired, {
      file,
      table,
      mapping,
      zone: flags.zone,
      shift: flags.shift,
      allowExpired: flags.allowExpired === true,
      again: flags.again === true,
    });
  });
  for (const result of report.refreshed) note(describeRefresh(result));
  if (flags.json) printJson(report);
  else
    print(
      `${report.rows} rows imported into ${nameOf(table)}${report.from ? `, ${report.from} … ${report.to}` : ''}`,
    );
  return 0;
}

function find(desired: Desired, name: string): Hypertable {
  const found = desired.hypertables.find((table) => nameOf(table) === name || table.name === name);
  if (found) return found;
  throw new UsageError(
    `${name} is not a declared hypertable; choose from ${desired.hypertables.map(nameOf).join(', ')}`,
  );
}

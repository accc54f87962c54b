// The SQL of the emulation, and whether it has been installed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Db } from '../../model';

/** Tables and functions of the emulation; many statements. */
export const runtimeSql = (): string => readFileSync(join(__dirname, 'runtime.sql'), 'utf8');

/** Whether the emulation is installed. Before the first apply it is not, and its tables cannot be read. */
export async function hasRuntime(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>(
    `SELECT to_regclass('tsdb.job') IS NOT NULL AS present`,
  );
  return rows[0]?.present === true;
}

// Processor time of a database server on this machine: the postmaster and everything that it started, dead or alive.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Db } from '../../../db/model';

/** The kernel counts in hundredths of a second on every usual Linux. */
const TICKS_PER_SECOND = 100;

/** The process id of the postmaster, where its data folder can be read; null on another machine, or without the right to read it. */
export async function postmasterOf(db: Db): Promise<number | null> {
  const { rows } = await db.query<{ folder: string }>(`SELECT current_setting('data_directory') AS folder`);
  try {
    return Number(readFileSync(join(rows[0]?.folder ?? '', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return null;
  }
}

/** Seconds that a server has used since it started; null where the system does not tell (it is read from /proc). */
export function cpuSeconds(postmaster: number | null): number | null {
  if (postmaster === null) return null;
  const own = statOf(postmaster);
  if (own === undefined) return null;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === postmaster);
  // A process that ended is counted by its parent, which waited for it.
  const ticks = own.used + own.ofDead + children.reduce((sum, { used }) => sum + used, 0);
  return ticks / TICKS_PER_SECOND;
}

function statOf(pid: number): { parent: number; used: number; ofDead: number } | undefined {
  try {
    // The name of the program stands in brackets and may have spaces in it.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, deadUser = 0, deadSystem = 0] = fields.slice(11, 15);
    return { parent, used: user + system, ofDead: deadUser + deadSystem };
  } catch {
    return undefined; // it has just ended
  }
}

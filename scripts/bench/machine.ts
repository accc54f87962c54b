// What a benchmark ran on: the machine, and the settings of the server that affect speed.
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import type { Db } from '../../db/model';
import type { Machine } from './report/report';

/** The machine. Its load, which changes during a run, is read by `loadNow`. */
export function readMachine(): Omit<Machine, 'loadBefore' | 'loadAfter'> {
  return {
    cpu: cpus()[0]?.model.trim() || `unknown (${arch()})`,
    cores: cpus().length,
    memoryBytes: totalmem(),
    os: operatingSystem(),
    node: process.versions.node,
  };
}

/** Mean number of runnable processes in the last minute. */
export const loadNow = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** In the order in which they are shown. */
const SETTINGS = [
  'shared_buffers',
  'work_mem',
  'maintenance_work_mem',
  'effective_cache_size',
  'max_wal_size',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_level',
  'max_parallel_workers_per_gather',
  'jit',
  'max_connections',
] as const;

/** Parameters by name, as SHOW prints them. */
export async function readSettings(db: Db): Promise<Readonly<Record<string, string>>> {
  const { rows } = await db.query<{ name: string; value: string | null }>(
    'SELECT name, current_setting(name, true) AS value FROM unnest($1::text[]) WITH ORDINALITY s (name, nth) ORDER BY nth',
    [SETTINGS],
  );
  return Object.fromEntries(rows.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])));
}

function operatingSystem(): string {
  const kernel = `${type()} ${release()} ${arch()}`;
  if (!existsSync('/etc/os-release')) return kernel;
  const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return name === undefined ? kernel : `${name}, ${kernel}`;
}

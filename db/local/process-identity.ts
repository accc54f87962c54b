// Tells one process from another that got the same number later.
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from './errors';

/** A process number and when that process started; `started` is empty where the system does not tell. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The identity of a living process, or undefined when there is none with this number. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!isAlive(pid)) return undefined;
  const stat = processStat(pid);
  if (stat === undefined) return { pid, started: askPs(pid, 'lstart=') ?? '' };
  // A zombie has ended; where nobody reaps (a container without an init) it keeps its number for long.
  return stat.state === 'Z' ? undefined : { pid, started: stat.started };
}

/** Whether the very process that was recorded still lives. */
export function stillLives(recorded: ProcessIdentity): boolean {
  const now = identify(recorded.pid);
  if (now === undefined) return false;
  return now.started === '' || recorded.started === '' || now.started === recorded.started;
}

/** The arguments of a process joined by spaces, or undefined when the system does not tell. */
export function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return askPs(pid, 'args=');
  }
}

/** The folder a process stands in, or undefined when the system does not tell us. */
export function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  // 0 and negative numbers would address whole process groups
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM'; // alive, of another user
  }
}

function processStat(pid: number): { state: string; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' }; // proc(5): field 22, clock ticks since boot
  } catch {
    return undefined;
  }
}

function askPs(pid: number, column: string): string | undefined {
  const result = spawnSync('ps', ['-ww', '-o', column, '-p', String(pid)], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

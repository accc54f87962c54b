// Identifies a process, so that it is not confused with a later one that has the same number.
import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from './errors';

/** A process number and the start time of the process; `started` is empty if the system does not say it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The identity of a living process, or undefined when there is none with this number. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!isAlive(pid)) return undefined;
  const stat = processStat(pid);
  if (stat === undefined) return { pid, started: askPs(pid, 'lstart=') ?? '' };
  // A zombie has ended. It keeps its number until it is reaped, which may take long in a container without an init process.
  return stat.state === 'Z' ? undefined : { pid, started: stat.started };
}

/** Whether exactly the recorded process is still running. */
export function stillLives(recorded: ProcessIdentity): boolean {
  const now = identify(recorded.pid);
  if (now === undefined) return false;
  return now.started === '' || recorded.started === '' || now.started === recorded.started;
}

/** The arguments of a process, joined by spaces; undefined if the system does not say them. */
export function commandLine(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return askPs(pid, 'args=');
  }
}

/** The working folder of a process; undefined if the system does not say it. */
export function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  // 0 and negative numbers stand for process groups.
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM'; // it is running as another user
  }
}

function processStat(pid: number): { state: string; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, which may itself contain spaces and brackets.
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

// For tests: a broker as a process that writes to a log file, and that ends when the tests end, however that happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { guardChild } from '../../../db/local/guard';

export interface BrokerProcess {
  readonly pid: number;
  /** Whether it has ended by itself or by a signal. */
  ended(): boolean;
  /** Sends a signal and waits until the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** How to start one. Its output is appended to the log file. */
export interface BrokerStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
}

/** Starts it. */
export function startBrokerProcess({ program, args, logFile }: BrokerStart): BrokerProcess {
  const log = openSync(logFile, 'a');
  // The environment holds the temporary folder of the test run, by which the guard of the run finds its processes.
  const child = spawn(program, args, { stdio: ['ignore', log, log] });
  closeSync(log);
  const dismissGuard = guardChild(child.pid);
  const gone = () => child.exitCode !== null || child.signalCode !== null;
  child.once('exit', dismissGuard);
  child.once('error', dismissGuard);
  return {
    pid: child.pid ?? -1,
    ended: () => child.pid === undefined || gone(),
    end: async (signal) => {
      if (child.pid === undefined || gone()) return;
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    },
  };
}

/** The last lines of a log file. */
export function tailOf(logFile: string, lines = 40): string {
  if (!existsSync(logFile)) return '';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** A program in the folders of PATH, and in others after them. */
export const findProgram = (name: string, ...more: readonly string[]): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), ...more]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

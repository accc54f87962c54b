// For tests: a broker as a process that writes to a log file, and that ends when the tests end, however that happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { guardChild } from '../../../db/local/guard';

export interface BrokerProcess {
  readonly pid: number;
  /** Whether it has ended by itself or by a signal. */
  ended(): boolean;
  /** Sends a signal and waits until the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** A broker that tests end and start again. */
export interface BrokerUnderTest {
  /** Ends it as a loss of power does. */
  kill(): Promise<void>;
  /** Starts it again with its data, and waits until it is ready. A running one is ended in an orderly way first. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** The end of its log: warnings and errors. */
  logTail(lines?: number): string;
}

/** How to start one. Its output is appended to the log file. */
export interface BrokerStart {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  /** Its data, which are removed with it. */
  readonly folder: string;
  /** Waits until it serves. */
  readonly ready: (running: BrokerProcess) => Promise<void>;
}

/** Starts it, and waits until it is ready. */
export async function startBroker(
  how: BrokerStart,
): Promise<BrokerUnderTest & { readonly pid: () => number }> {
  let broker = startProcess(how);
  const stop = async (): Promise<void> => {
    await broker.end('SIGKILL');
    rmSync(how.folder, { recursive: true, force: true });
  };
  try {
    await how.ready(broker);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: () => broker.pid,
    kill: () => broker.end('SIGKILL'),
    restart: async () => {
      await broker.end('SIGTERM');
      broker = startProcess(how);
      await how.ready(broker);
    },
    stop,
    logTail: (lines) => tailOf(how.logFile, lines),
  };
}

function startProcess({ program, args, logFile }: BrokerStart): BrokerProcess {
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

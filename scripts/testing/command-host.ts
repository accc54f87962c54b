// For tests: one process that carries out many commands of `tsdb` in turn, for cases that are not about the process itself.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cleanEnvironment, type Finished, ROOT } from './command-line';

/** A process that waits for commands. */
export interface CommandHost {
  /** Runs a command to its end, after those that were asked for before; texts and exit code are those of a process of its own. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  stop(): Promise<void>;
}

/** What the host is sent. */
export interface HostedCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a host; stop it when the suite ends. */
export function startHost(): CommandHost {
  const child = fork(join(__dirname, 'command-host-process.ts'), {
    cwd: ROOT,
    env: cleanEnvironment(),
    execArgv: ['--import', 'tsx'],
    // Not the terminal of whoever runs the tests: commands would ask there.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('exit', (code, signal) => reject(new Error(`the host of commands ended (${code ?? signal})`)));
  });
  ended.catch(() => undefined);
  let last: Promise<unknown> = Promise.resolve();
  const runNow = async (command: HostedCommand): Promise<Finished> => {
    const answer = once(child, 'message');
    child.send(command);
    const [finished] = (await Promise.race([answer, ended])) as [Finished];
    return finished;
  };
  return {
    run: (args, env = {}) => {
      const run = last.catch(() => undefined).then(() => runNow({ args, env }));
      last = run;
      return run;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

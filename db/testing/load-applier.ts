// Starts children that apply and die (die-while-applying.ts). One is always warming up, as loading takes longer than dying.
import { type ChildProcess, spawn } from 'node:child_process';
import { childArguments } from './child';
import type { DeathWish } from './die-while-applying';

/** Runs the child once; false when the plan had fewer steps, so that the child ended in good order. */
export type Killer = (wish: DeathWish) => Promise<boolean>;

/** Gives a killer to `work`, and ends the child that was not needed any more. */
export async function withKiller<T>(work: (kill: Killer) => Promise<T>): Promise<T> {
  let waiting = startChild();
  try {
    return await work((wish) => {
      const child = waiting;
      waiting = startChild();
      return carryOut(child, wish);
    });
  } finally {
    waiting.kill('SIGKILL');
  }
}

function startChild(): ChildProcess {
  const script = childArguments('db/testing/die-while-applying.ts');
  return spawn(process.execPath, script, { stdio: ['pipe', 'ignore', 'pipe'] });
}

function carryOut(child: ChildProcess, wish: DeathWish): Promise<boolean> {
  return new Promise((done, fail) => {
    let complaint = '';
    child.stderr?.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    child.on('error', fail);
    child.on('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL'
        ? done(signal === 'SIGKILL')
        : fail(new Error(`child ended with ${code}: ${complaint}`)),
    );
    child.stdin?.end(JSON.stringify(wish));
  });
}

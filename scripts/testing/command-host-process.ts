// The process of a command host: carries out a command as the command line does, and answers with what it wrote.
import { Writable } from 'node:stream';
import { type Command, CommanderError } from 'commander';
import { runner } from '../run-to-exit';
import { buildProgram } from '../tsdb';
import type { HostedCommand } from './command-host';
import type { Finished } from './command-line';

process.on('message', (command: HostedCommand) => {
  void carryOut(command).then((finished) => process.send?.(finished));
});

async function carryOut({ args, env }: HostedCommand): Promise<Finished> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  const [stdout, stderr] = [replaceStream('stdout'), replaceStream('stderr')];
  process.exitCode = undefined;
  try {
    const program = buildProgram(runner);
    throwInsteadOfExit(program);
    await program.parseAsync(['node', 'tsdb', ...args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode;
  } finally {
    stdout.restore();
    stderr.restore();
    for (const name of Object.keys(env)) delete process.env[name];
    Object.assign(process.env, before);
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwInsteadOfExit);
}

interface Replaced {
  text(): string;
  restore(): void;
}

function replaceStream(name: 'stdout' | 'stderr'): Replaced {
  const written: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  const own = Object.getOwnPropertyDescriptor(process, name) ?? {};
  Object.defineProperty(process, name, { configurable: true, value: stream });
  return {
    text: () => Buffer.concat(written).toString(),
    restore: () => void Object.defineProperty(process, name, own),
  };
}

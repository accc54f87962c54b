// For tests: stands for the docker command. The command passes its arguments to the test, which runs the containers as
// processes of this machine.
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import { readCompose, type Service } from './compose-file';
import { environmentOf, lineOf, processOf } from './containers';
import type { Host } from './host';
import { type Ran, runProgram } from './run-program';

export interface Docker {
  /** Names of all images. Each name is also the id of its image. */
  readonly images: Set<string>;
  pidOf(container: string): number | undefined;
  /** Ends a container without a warning, as a power cut does. */
  kill(container: string): Promise<void>;
  stop(): Promise<void>;
}

interface Container {
  /** The service that it was made from, as JSON. A change of it means that the container is replaced. */
  readonly made: string;
  readonly service: Service;
  readonly process: ThrowAwayProcess;
}

/**
 * Writes the docker command and answers it.
 * @param command path to write it to
 * @param variables values for the variables in compose files
 */
export async function startDocker(
  command: string,
  host: Host,
  variables: Readonly<Record<string, string>>,
): Promise<Docker> {
  const images = new Set<string>();
  const containers = new Map<string, Container>();
  const isAlive = (name: string): boolean => containers.get(name)?.process.hasEnded() === false;

  /** The database gets SIGINT instead: it ends as fast, and frees the memory that the next start needs. */
  const end = async (name: string, signal: NodeJS.Signals): Promise<void> =>
    containers.get(name)?.process.stop(name === 'timescaledb' ? 'SIGINT' : signal);

  const exec = (name: string, service: Service, line: readonly string[], asked?: Asked): Promise<Ran> => {
    images.add(service.image);
    const env = { ...environmentOf(host, name, service), ...asked?.env };
    return runProgram(lineOf(host, { name, service }, line), env, asked?.input);
  };

  const isHealthy = async (name: string): Promise<boolean> => {
    const service = containers.get(name)?.service;
    if (service === undefined || !isAlive(name)) return false;
    return (await exec(name, service, service.healthcheck?.test.slice(1) ?? [])).code === 0;
  };

  /** Starts a container unless the same one runs. Waits for it if told to, and says whether it became healthy. */
  const up = async (name: string, service: Service, flags: readonly string[]): Promise<boolean> => {
    const made = JSON.stringify(service);
    if (flags.includes('--force-recreate') || !isAlive(name) || containers.get(name)?.made !== made) {
      await end(name, 'SIGTERM');
      const {
        line: [program = '', ...args],
        ...options
      } = processOf(host, name, service);
      const process = startThrowAway(program, args, { ...options, logFile: join(host.state, `${name}.log`) });
      containers.set(name, { service, made, process });
    }
    if (!flags.includes('--wait')) return true;
    const seconds = Number(flags[flags.indexOf('--wait-timeout') + 1]);
    for (let tries = 0; tries < seconds * 10 && isAlive(name); tries += 1) {
      if (await isHealthy(name)) return true;
      await sleep(100);
    }
    return false;
  };

  // docker compose --project-name tsdb --file FILE COMMAND [FLAG...] SERVICE [ARGUMENT...]
  const compose = async (asked: Asked): Promise<Ran> => {
    const { TSDB_POOLER = '' } = asked.env;
    const services = readCompose(asked.args[4] ?? '', { ...variables, TSDB_POOLER });
    const [command = '', ...rest] = asked.args.slice(5);
    const first = rest.findIndex((arg) => services[arg] !== undefined);
    const [flags, name = '', more] = [rest.slice(0, first), rest[first], rest.slice(first + 1)];
    const service = services[name];
    if (service === undefined) throw new Error(`no service: ${asked.args.join(' ')}`);
    if (command === 'up') {
      for (const each of [name, ...more])
        if (!(await up(each, services[each] ?? service, flags)))
          return { ...FAILED, stderr: `${each} is unhealthy\n` };
      return says('');
    }
    if (command === 'run')
      return exec(name, service, [
        ...(service.entrypoint ?? []),
        ...(more.length > 0 ? more : service.command),
      ]);
    if (command === 'exec') return isAlive(name) ? exec(name, service, more, asked) : FAILED;
    if (command === 'ps') return says(isAlive(name) ? name : '');
    if (command === 'logs') return says(readFileSync(join(host.state, `${name}.log`), 'utf8'));
    if (command !== 'stop' && command !== 'rm') throw new Error(`not known: ${asked.args.join(' ')}`);
    await end(name, 'SIGTERM');
    if (command === 'rm') containers.delete(name);
    return says('');
  };

  const docker = async (asked: Asked): Promise<Ran> => {
    const { args } = asked;
    const last = args.at(-1) ?? '';
    switch (args[0] === 'image' ? `image ${args[1]}` : args[0]) {
      case 'compose':
        return compose(asked);
      case 'build':
        images.add(args[args.indexOf('--tag') + 1] ?? '');
        return says('');
      case 'image ls':
        return says([...images].join('\n'));
      case 'image inspect':
        return images.has(last) ? says(last) : FAILED;
      case 'image rm':
        return images.delete(last) ? says('') : FAILED;
      case 'inspect':
        if (args.includes('{{.Config.Image}}')) return says(containers.get(last)?.service.image ?? '');
        return says((await isHealthy(last)) ? 'healthy' : 'unhealthy');
      case 'ps': {
        const name = /service=(.+)$/.exec(last)?.[1] ?? '';
        return says(containers.has(name) ? name : '');
      }
      case 'stop':
        await end(last, 'SIGTERM');
        return says(last);
      case 'rm':
        return containers.delete(last) ? says(last) : FAILED;
      case 'run': {
        const [program = '', image = ''] = args.slice(args.indexOf('--entrypoint') + 1);
        images.add(image);
        if (program === 'find') return says(image.includes('forgetful') ? '' : '/lib/found.so');
        if (image.includes('pg99')) return says('postgres (PostgreSQL) 99.1');
        return runProgram([join(host.pgBin, program), '--version'], {});
      }
      default:
        throw new Error(`not known: ${args.join(' ')}`);
    }
  };

  const server = createServer(async (request, response) => {
    const asked = JSON.parse(await text(request)) as Asked;
    appendFileSync(join(host.state, 'commands.log'), `${JSON.stringify(asked.args)}\n`);
    const ran = await docker(asked).catch((error: Error) => ({ ...FAILED, stderr: `${error.stack}\n` }));
    response.end(JSON.stringify(ran));
  });
  const socket = join(host.sockets, 'docker');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  writeFileSync(command, clientOf(socket));
  chmodSync(command, 0o755);
  return {
    images,
    pidOf: (name) => containers.get(name)?.process.pid,
    kill: (name) => end(name, 'SIGKILL'),
    stop: async () => {
      for (const name of containers.keys()) await end(name, 'SIGKILL');
      server.close();
    },
  };
}

interface Asked {
  readonly args: readonly string[];
  readonly env: { readonly PGPASSWORD?: string; readonly TSDB_POOLER?: string };
  readonly input: string;
}

const FAILED: Ran = { code: 1, stdout: '', stderr: '' };

const says = (text: string): Ran => ({ code: 0, stdout: text === '' ? '' : `${text}\n`, stderr: '' });

// Only `docker compose exec` reads its standard input.
const clientOf = (socket: string): string => `#!${process.execPath}
const { json, text } = require('node:stream/consumers');
const args = process.argv.slice(2);
const { PGPASSWORD, TSDB_POOLER } = process.env;
const request = require('node:http').request({ socketPath: '${socket}', method: 'POST' }, async (response) => {
  const { code, stdout, stderr } = await json(response);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code ?? 1;
});
Promise.resolve(args.includes('exec') ? text(process.stdin) : '').then((input) =>
  request.end(JSON.stringify({ args, env: { PGPASSWORD, TSDB_POOLER }, input })),
);
`;

// For tests: stands for the docker command. The command asks the test, which runs programs of this machine as containers.
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readCompose } from './compose-file';
import { type Containers, type Host, makeContainers } from './containers';
import { type Ran, runProgram } from './run-program';

export interface Docker {
  /** Names of all images; a name is also the id of its image. */
  readonly images: Set<string>;
  /** The process of a container, alive or not. */
  pidOf(container: string): number | undefined;
  /** Ends a container as a power cut does. */
  kill(container: string): Promise<void>;
  stop(): Promise<void>;
}

const NAMES = ['caddy', 'api-blue', 'api-green', 'timescaledb'];

/**
 * @param command path of the docker command, which is written there
 * @param variables what the compose files are filled in with
 */
export async function startDocker(
  command: string,
  host: Host,
  variables: Readonly<Record<string, string>>,
): Promise<Docker> {
  const socket = join(host.sockets, 'docker');
  writeFileSync(command, clientOf(socket));
  chmodSync(command, 0o755);
  const containers = makeContainers(host);
  const images = new Set<string>();
  const server = createServer(async (request, response) => {
    const [head = '', ...input] = (await text(request)).split('\n');
    const { args, password } = JSON.parse(head) as { args: readonly string[]; password?: string };
    appendFileSync(join(host.state, 'commands.log'), `${JSON.stringify(args)}\n`);
    const asked = { args, password, input: input.join('\n') };
    const ran = await docker(asked, { host, variables, containers, images }).catch((error: Error) => ({
      code: 125,
      stdout: '',
      stderr: `${error.stack}\n`,
    }));
    response.end(JSON.stringify(ran));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    images,
    pidOf: (name) => containers.get(name)?.process.pid,
    kill: (name) => containers.stop(name, 'SIGKILL'),
    stop: async () => {
      for (const name of NAMES) await containers.stop(name, 'SIGKILL');
      server.close();
    },
  };
}

// Only a command that is run in a container reads what it is given.
const clientOf = (socket: string): string => `#!${process.execPath}
const args = process.argv.slice(2);
const request = require('node:http').request({ socketPath: '${socket}', method: 'POST' }, async (response) => {
  const { code, stdout, stderr } = await require('node:stream/consumers').json(response);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code ?? 1;
});
request.write(JSON.stringify({ args, password: process.env.PGPASSWORD }) + '\\n');
if (args.includes('exec')) process.stdin.pipe(request);
else request.end();
`;

interface Asked {
  readonly args: readonly string[];
  readonly password: string | undefined;
  readonly input: string;
}

interface Machine {
  readonly host: Host;
  readonly variables: Readonly<Record<string, string>>;
  readonly containers: Containers;
  readonly images: Set<string>;
}

async function docker(asked: Asked, machine: Machine): Promise<Ran> {
  const { containers, images, host } = machine;
  const [command, ...args] = asked.args;
  const last = args.at(-1) ?? '';
  switch (args[0] !== undefined && command === 'image' ? `image ${args[0]}` : command) {
    case 'compose':
      return compose(asked, machine);
    case 'build':
      images.add(args[args.indexOf('--tag') + 1] ?? '');
      return says('');
    case 'image ls':
      return says([...images].join('\n'));
    case 'image inspect':
      return images.has(last) ? says(last) : FAILED;
    case 'image rm':
      if (NAMES.some((name) => containers.get(name)?.image === last)) return FAILED;
      return images.delete(last) ? says('') : FAILED;
    case 'inspect':
      if (args.includes('{{.Config.Image}}')) return says(containers.get(last)?.image ?? '');
      return says(containers.isAlive(last) ? 'healthy' : 'unhealthy');
    case 'run': {
      const [program, image = ''] = args.slice(args.indexOf('--entrypoint') + 1);
      images.add(image);
      if (program === 'find') return says(image.includes('forgetful') ? '' : '/lib/found.so');
      if (image.includes('pg99')) return says('postgres (PostgreSQL) 99.1');
      return runProgram([join(host.pgBin, 'postgres'), '--version'], {});
    }
    default:
      throw new Error(`the stand-in for docker does not know: ${asked.args.join(' ')}`);
  }
}

// docker compose --project-name tsdb --file FILE COMMAND [FLAG...] SERVICE [ARGUMENT...]
async function compose({ args, password, input }: Asked, machine: Machine): Promise<Ran> {
  const { containers, images, variables } = machine;
  const services = readCompose(args[args.indexOf('--file') + 1] ?? '', variables);
  const [command, ...rest] = args.slice(5);
  const first = rest.findIndex((arg) => services[arg] !== undefined);
  const [flags, name = '', more] = [rest.slice(0, first), rest[first], rest.slice(first + 1)];
  const service = services[name];
  if (service === undefined) throw new Error(`no service in: ${args.join(' ')}`);
  switch (command) {
    case 'up': {
      const anew = flags.includes('--force-recreate');
      const seconds = Number(flags[flags.indexOf('--wait-timeout') + 1]);
      for (const each of [name, ...more]) {
        const next = services[each] ?? service;
        images.add(next.image);
        if (!(await containers.up(each, next, { anew, seconds })))
          return { ...FAILED, stderr: `container ${each} is unhealthy\n` };
      }
      return says('');
    }
    case 'run': {
      images.add(service.image);
      const line = [...(service.entrypoint ?? []), ...(more.length > 0 ? more : service.command)];
      return containers.exec(name, service, line);
    }
    case 'exec': {
      if (!containers.isAlive(name)) throw new Error(`service "${name}" is not running`);
      if (name === 'caddy') return containers.reloadCaddy(service);
      const env = password === undefined ? {} : { PGPASSWORD: password };
      return containers.exec(name, service, more, { env, input });
    }
    case 'ps':
      return says(containers.isAlive(name) ? name : '');
    case 'logs':
      return says(containers.logs(name));
    case 'stop':
      await containers.stop(name, 'SIGTERM');
      return says('');
    case 'rm':
      await containers.stop(name, 'SIGTERM');
      containers.remove(name);
      return says('');
    default:
      throw new Error(`the stand-in for docker compose does not know: ${command}`);
  }
}

const FAILED: Ran = { code: 1, stdout: '', stderr: '' };

const says = (text: string): Ran => ({ code: 0, stdout: text === '' ? '' : `${text}\n`, stderr: '' });

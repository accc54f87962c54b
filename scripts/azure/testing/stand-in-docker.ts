// For tests: stands for the docker command. Containers are processes of this machine, images are its own programs.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { readCompose, type Service } from './compose-document';
import { reloadCommand } from './stand-in-caddy';
import { isAlive, remove, runOnce, stateOf, stop, up } from './stand-in-containers';
import { forget, idOf, images, remember } from './stand-in-images';
import { setting } from './stand-in-settings';

async function main(args: readonly string[]): Promise<number> {
  appendFileSync(`${setting('state')}/commands.log`, `${JSON.stringify(args)}\n`);
  if (args[0] === 'compose') return compose(args.slice(1));
  const image = args.at(args.indexOf('--entrypoint') + 2) ?? '';
  if (args[0] === 'run') remember(image);
  if (args[0] === 'run' && args.includes('postgres')) return runPostgres(image);
  if (args[0] === 'run' && args.includes('find'))
    return say(image.includes('forgetful') ? '' : '/lib/found.so');
  if (args[0] === 'inspect') return inspect(args.at(-1) ?? '', args.includes('{{.Config.Image}}'));
  if (args[0] === 'image') return imageCommand(args.slice(1));
  if (args[0] === 'build') return build(args[args.indexOf('--tag') + 1] ?? '');
  throw new Error(`the stand-in for docker does not know: ${args.join(' ')}`);
}

// docker compose --project-name tsdb --file FILE COMMAND [FLAG...] SERVICE [ARGUMENT...]
async function compose(args: readonly string[]): Promise<number> {
  const services = readCompose(args[args.indexOf('--file') + 1] ?? '');
  const [command, ...rest] = args.slice(4);
  const first = rest.findIndex((arg) => services[arg] !== undefined);
  const [flags, name = '', more] = [rest.slice(0, first), rest[first], rest.slice(first + 1)];
  const service = services[name];
  if (service === undefined) throw new Error(`no service in: ${args.join(' ')}`);
  const number = (flag: string) => Number(flags[flags.indexOf(flag) + 1] ?? 60);
  switch (command) {
    case 'up':
      for (const each of [name, ...more]) {
        const next = services[each];
        if (next === undefined) throw new Error(`no service ${each}`);
        const healthy = await up(each, next, {
          anew: flags.includes('--force-recreate'),
          seconds: number('--wait-timeout'),
        });
        if (!healthy) {
          process.stderr.write(`container ${each} is unhealthy\n`);
          return 1;
        }
      }
      return 0;
    case 'run':
      return runOnce(service, more);
    case 'exec':
      return execute(name, service, more);
    case 'ps':
      return say(isAlive(name) ? name : '');
    case 'logs':
      return say(readFileSync(`${setting('state')}/${name}.log`, 'utf8'));
    case 'stop':
      return stop(name);
    case 'rm':
      if (flags.includes('--stop')) await stop(name);
      return remove(name);
    default:
      throw new Error(`the stand-in for docker compose does not know: ${command}`);
  }
}

function execute(name: string, service: Service, [program = '', ...args]: readonly string[]): number {
  const container = stateOf(name);
  if (container === undefined || !isAlive(name)) throw new Error(`service "${name}" is not running`);
  if (name === 'caddy') {
    const [tool = '', ...words] = reloadCommand(service, container.adminPort ?? 0);
    return spawnSync(tool, words, { stdio: ['ignore', 2, 2] }).status ?? 1;
  }
  if (program !== 'psql') throw new Error(`the stand-in database has no ${program}`);
  const { PGPASSWORD } = process.env;
  const env = {
    PGHOST: setting('sockets'),
    PGPORT: String(container.port),
    ...(PGPASSWORD ? { PGPASSWORD } : {}),
  };
  return spawnSync(`${setting('pgBin')}/psql`, [...args], { stdio: 'inherit', env }).status ?? 1;
}

// docker image ls … | inspect … NAME | rm ID
function imageCommand(args: readonly string[]): number {
  const named = args.at(-1) ?? '';
  switch (args[0]) {
    case 'ls':
      return say(images().map(idOf).join('\n'));
    case 'inspect':
      return images().includes(named) ? say(idOf(named)) : 1;
    case 'rm':
      if (NAMES.some((name) => idOf(stateOf(name)?.image ?? '') === named)) return 1;
      forget(named);
      return 0;
    default:
      throw new Error(`the stand-in for docker does not know: image ${args.join(' ')}`);
  }
}

function build(tag: string): number {
  remember(tag);
  return 0;
}

const NAMES = ['timescaledb', 'api-blue', 'api-green', 'caddy'];

const runPostgres = (image: string): number =>
  image.includes('pg99')
    ? say('postgres (PostgreSQL) 99.1')
    : (spawnSync(`${setting('pgBin')}/postgres`, ['--version'], { stdio: 'inherit' }).status ?? 1);

function inspect(name: string, wantsImage: boolean): number {
  const state = stateOf(name);
  if (state === undefined) return 1;
  return say(wantsImage ? state.image : isAlive(name) ? 'healthy' : 'unhealthy');
}

function say(text: string): number {
  if (text !== '') process.stdout.write(`${text}\n`);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(125);
  },
);

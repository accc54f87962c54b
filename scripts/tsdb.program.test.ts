// The shape of the command line, and what it makes of settings.
import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { version } from '../package.json';
import { connectionUrl, dataFolder } from './context';
import { buildProgram } from './tsdb';

const idle = { toEnd: async () => undefined, untilSignal: async () => undefined };

function commands(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return command.commands.flatMap((child) => {
    const here = [...path, child.name()];
    return child.commands.length > 0 ? [here, ...commands(child, here)] : [here];
  });
}

describe('every command', () => {
  it.each(commands(buildProgram(idle)).map((path) => [path.join(' '), path] as const))(
    '"%s" has help that ends with 0',
    async (name, path) => {
      let text = '';
      const program = buildProgram(idle);
      const quiet = (command: Command): void => {
        command.exitOverride().configureOutput({ writeOut: (part) => (text += part) });
        command.commands.forEach(quiet);
      };
      quiet(program);
      await expect(program.parseAsync([...path, '--help'], { from: 'user' })).rejects.toMatchObject({
        exitCode: 0,
      });
      expect(text).toContain(`Usage: tsdb ${name}`);
      // Each flag and each command says what it is for.
      expect(text).not.toMatch(/^ {2}-\S+( <\S+>)?$/m);
    },
  );

  it('has the version of the package', async () => {
    let text = '';
    const program = buildProgram(idle)
      .exitOverride()
      .configureOutput({ writeOut: (part) => (text += part) });
    await expect(program.parseAsync(['--version'], { from: 'user' })).rejects.toMatchObject({ exitCode: 0 });
    expect(text).toBe(`${version}\n`);
  });

  it('is known without loading the declared schema, whose faults a command must be able to report', () => {
    const program = `require('./scripts/tsdb.ts'); process.stdout.write(Object.keys(require.cache).join('\\n'))`;
    const { stdout } = spawnSync(process.execPath, ['--require', 'tsx/cjs', '--eval', program], {
      encoding: 'utf8',
    });
    expect(stdout).toContain('scripts/command-line/data.ts');
    // Set service is the API's own.
    const sets = stdout.split('\n').filter((file) => /db\/schema\/(?!service\.ts)/.test(file));
    expect(sets).toEqual([]);
  });

  it('is one of the design', () => {
    expect(commands(buildProgram(idle)).map((path) => path.join(' '))).toEqual(
      expect.arrayContaining([
        'up',
        'plan',
        'apply',
        'status',
        'refresh',
        'jobs run',
        'seed',
        'import',
        'serve',
        'keys create',
        'keys list',
        'keys revoke',
        'backup',
        'restore',
        'export',
        'compress',
        'decompress',
        'advise',
        'delete',
        'move',
      ]),
    );
  });
});

describe('connectionUrl', () => {
  const config = { schemas: 'iot', lockWaitMs: 1, stepTimeoutMs: 900_000 };
  const parts = { host: 'db.example', port: 5433, user: 'a b', database: 'x/y' };

  it('is the given address, or none', () => {
    expect(connectionUrl(config)).toBeUndefined();
    expect(connectionUrl({ ...config, connection: { connectionString: 'postgres://h/d' } })).toBe(
      'postgres://h/d',
    );
  });

  it.each([
    [parts, 'postgres://a%20b@db.example:5433/x%2Fy'],
    [{ ...parts, password: 'p@:/' }, 'postgres://a%20b:p%40%3A%2F@db.example:5433/x%2Fy'],
    [{ ...parts, host: '::1' }, 'postgres://a%20b@[::1]:5433/x%2Fy'],
    [{ ...parts, host: '/run/pg' }, 'postgres://a%20b@%2Frun%2Fpg:5433/x%2Fy'],
  ])('joins the parts %j', (connection, url) => {
    expect(connectionUrl({ ...config, connection })).toBe(url);
    expect(new URL(url).port).toBe('5433');
  });
});

describe('dataFolder', () => {
  it('is the flag before TSDB_DATA before a default', () => {
    expect(dataFolder({ TSDB_DATA: '/b' }, '/a')).toBe('/a');
    expect(dataFolder({ TSDB_DATA: '/b' })).toBe('/b');
    expect(dataFolder({ TSDB_DATA: '' })).toBe(dataFolder({}));
    expect(dataFolder({})).toMatch(/^\//);
  });
});

// For tests: what the database image does on its first start, by the programs of this machine.
import { spawnSync } from 'node:child_process';
import { chownSync, copyFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onMachine, type Service } from './compose-document';
import { setting } from './stand-in-settings';

/** The user that the server runs as, for spawn. */
export function serverIdentity(): { readonly uid?: number; readonly gid?: number } {
  const uid = setting('serverUid');
  return uid === '' ? {} : { uid: Number(uid), gid: Number(setting('serverGid')) };
}

/** Creates data with the image's variables, the database and the extension, unless there is some. */
export function createData(service: Service, port: number): void {
  const env = service.environment;
  const data = onMachine(service, env.PGDATA ?? '');
  if (existsSync(join(data, 'PG_VERSION'))) return;
  const password = join(setting('sockets'), 'first-password');
  copyFileSync(onMachine(service, env.POSTGRES_PASSWORD_FILE ?? ''), password);
  const { uid, gid } = serverIdentity();
  if (uid !== undefined && gid !== undefined) chownSync(password, uid, gid);
  run('initdb', [
    '-D',
    data,
    `--username=${env.POSTGRES_USER}`,
    `--pwfile=${password}`,
    '--no-sync',
    '--locale=C',
    '--encoding=UTF8',
    ...(env.POSTGRES_INITDB_ARGS ?? '').split(' '),
  ]);
  rmSync(password);
  const settings = `-c port=${port} -c listen_addresses= -c unix_socket_directories=${setting('sockets')} -c shared_preload_libraries=timescaledb -c fsync=off`;
  run('pg_ctl', ['-D', data, '-w', '-o', settings, 'start', '-l', join(setting('sockets'), 'first.log')]);
  const sql = (database: string, command: string) =>
    run('psql', [
      '-X',
      '-h',
      setting('sockets'),
      '-p',
      String(port),
      '-U',
      'postgres',
      '-d',
      database,
      '-c',
      command,
    ]);
  sql('template1', 'CREATE EXTENSION timescaledb');
  sql('postgres', `CREATE DATABASE ${env.POSTGRES_DB}`);
  run('pg_ctl', ['-D', data, '-w', '-m', 'fast', 'stop']);
}

function run(program: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(join(setting('pgBin'), program), [...args], {
    encoding: 'utf8',
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    ...serverIdentity(),
  });
  if (status !== 0) throw new Error(`${program} failed: ${stdout}${stderr}`);
}

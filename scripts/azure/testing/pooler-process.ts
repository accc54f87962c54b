// For tests: runs the PgBouncer of a compose file as a process of this machine.
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findPooler } from '../../testing/pooler';
import { onMachine, type Service } from './compose-file';
import type { Host } from './host';

const FOLDER = '/etc/tsdb-pooler';
const PASSWORD = '/run/secrets/tsdb/password';
const IN_MEMORY = '/run/tsdb-pooler';

/** Whether a container is one. */
export const isPooler = (name: string): boolean => name.startsWith('pooler-');

/** How to start it: its own script, with paths and ports of this machine, as a user that is not root. */
export function poolerProcess(host: Host, name: string, service: Service) {
  const { ports, sockets, state, user } = host;
  const folder = join(sockets, name);
  mkdirSync(folder, { recursive: true });
  const files = { configuration: join(folder, 'pgbouncer.ini'), password: join(folder, 'password') };
  const text = readFileSync(join(onMachine(service, FOLDER, state), 'pgbouncer.ini'), 'utf8')
    .replace('host=timescaledb port=5432', `host=127.0.0.1 port=${ports.timescaledb}`)
    .replace('listen_port = 5432', `listen_port = ${ports[name]}`)
    .replaceAll(IN_MEMORY, folder);
  writeFileSync(files.configuration, text);
  // Its user cannot enter the folder of the secrets, so it gets a copy.
  copyFileSync(onMachine(service, PASSWORD, state), files.password);
  chmodSync(files.password, 0o400);
  if (user !== undefined)
    for (const path of [folder, ...Object.values(files)]) chownSync(path, user.uid, user.gid);
  const line = (service.entrypoint ?? []).map((word) =>
    word
      .replaceAll(`${FOLDER}/pgbouncer.ini`, files.configuration)
      .replaceAll(PASSWORD, files.password)
      .replaceAll(IN_MEMORY, folder),
  );
  return { line, env: { PATH: `${dirname(findPooler() ?? '')}:${process.env.PATH}` }, user };
}

// For tests: builds what stands for the two images of the stack from programs of this machine.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DATABASE_ENTRYPOINT } from '../../testing/database-image';
import type { Image } from './pod-root';

const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';

/** The application image: the built program and Node. `tsdb` is a link on PATH, as the Dockerfile makes it. */
export function appImage(folder: string, program: string, postgresPrograms: string): Image {
  const links = join(folder, 'app-image');
  mkdirSync(links);
  symlinkSync('/app/tsdb.js', join(links, 'tsdb'));
  const node = dirname(process.execPath);
  return {
    // Node may be installed in a folder that containers do not see otherwise.
    folders: { '/app': program, '/image': links, [dirname(node)]: dirname(node) },
    path: `/image:${node}:${postgresPrograms}:${SYSTEM_PATH}`,
    entrypoint: [],
    users: { node: 1000 },
  };
}

/** The database image: the server of this machine, and what the image does at its first start. */
export function databaseImage(folder: string, postgresPrograms: string, uid: number): Image {
  const own = join(folder, 'database-image');
  mkdirSync(own);
  writeFileSync(join(own, 'entrypoint.sh'), DATABASE_ENTRYPOINT);
  chmodSync(join(own, 'entrypoint.sh'), 0o755);
  return {
    folders: { '/image': own },
    path: `${postgresPrograms}:${SYSTEM_PATH}`,
    entrypoint: ['/image/entrypoint.sh'],
    users: { postgres: uid },
  };
}

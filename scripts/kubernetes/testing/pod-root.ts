// For tests: the root file system that a container sees. Nothing of it can be written to but what the pod mounts.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Container } from './pod-spec';
import type { ReadyVolume } from './pod-volumes';

/** Stands for what is in an image. */
export interface Image {
  /** Folders of this machine by the path they get; read-only. */
  readonly folders: Readonly<Record<string, string>>;
  readonly path: string;
  /** Runs in front of the arguments of a container without a command. */
  readonly entrypoint: readonly string[];
  /** Users that the image knows by name. */
  readonly users: Readonly<Record<string, number>>;
}

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom'];

/** Links of the usual layout, or folders where a distribution still has them. */
const TOP = ['bin', 'sbin', 'lib', 'lib32', 'lib64'];

/**
 * Lays out an empty root with a place for each mount, and returns the shell commands that mount them. They are for a
 * mount namespace of their own; the last of them makes the root read-only.
 */
export function prepareRoot(
  root: string,
  {
    image,
    container,
    volumes,
    hosts,
  }: {
    readonly image: Image;
    readonly container: Container;
    readonly volumes: ReadonlyMap<string, ReadyVolume>;
    /** Names of services: all of them are on the loopback interface. */
    readonly hosts: readonly string[];
  },
): string {
  const folders: Record<string, string> = {
    '/usr': '/usr',
    '/opt': '/opt',
    '/etc/ssl': '/etc/ssl',
    ...image.folders,
  };
  mkdirSync(join(root, 'etc'), { recursive: true });
  for (const name of TOP.filter((one) => existsSync(join('/', one)))) {
    if (lstatSync(join('/', name)).isSymbolicLink())
      symlinkSync(readlinkSync(join('/', name)), join(root, name));
    else folders[`/${name}`] = `/${name}`;
  }
  writeEtc(root, image, hosts);
  // Anybody might write there, were the root not read-only.
  for (const path of ['.', 'home', 'srv', 'var', 'var/lib', 'var/tmp']) {
    mkdirSync(join(root, path), { recursive: true });
    chmodSync(join(root, path), 0o777);
  }
  const mounts: string[] = [bind(root, root, 'rw')];
  for (const [path, folder] of Object.entries(folders).filter(([, each]) => existsSync(each)))
    mounts.push(bind(folder, placeFor(root, path), 'ro'));
  for (const name of DEVICES) {
    mkdirSync(join(root, 'dev'), { recursive: true });
    writeFileSync(join(root, 'dev', name), '');
    mounts.push(bind(join('/dev', name), join(root, 'dev', name), 'rw'));
  }
  symlinkSync('/proc/self/fd', join(root, 'dev', 'fd'));
  mounts.push(`mount -t proc proc ${quote(placeFor(root, '/proc'))}`);
  for (const { name, mountPath, readOnly } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (volume === undefined)
      throw new Error(`${container.name} mounts ${name}, which its pod does not have`);
    mounts.push(bind(volume.folder, placeFor(root, mountPath), volume.readOnly || readOnly ? 'ro' : 'rw'));
  }
  return ['set -e', 'mount --make-rprivate /', ...mounts, `mount -o remount,bind,ro ${quote(root)}`].join(
    '\n',
  );
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const bind = (from: string, to: string, how: 'ro' | 'rw'): string =>
  `mount -o bind ${quote(from)} ${quote(to)}${how === 'ro' ? ` && mount -o remount,bind,ro ${quote(to)}` : ''}`;

function placeFor(root: string, path: string): string {
  mkdirSync(join(root, path), { recursive: true });
  return join(root, path);
}

function writeEtc(root: string, { users }: Image, hosts: readonly string[]): void {
  const etc = (name: string, text: string): void => writeFileSync(join(root, 'etc', name), text);
  const named = Object.entries({ root: 0, ...users });
  etc('passwd', named.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/bin/sh\n`).join(''));
  etc('group', named.map(([name, id]) => `${name}:x:${id}:\n`).join(''));
  etc('hosts', `127.0.0.1 localhost ${hosts.join(' ')}\n`);
  etc('nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files\n');
  // Where the libraries are that this machine has in folders of its own.
  const cache = join('/etc', 'ld.so.cache');
  if (existsSync(cache)) copyFileSync(cache, join(root, 'etc', 'ld.so.cache'));
}

// For tests: the file system that a container sees. It can be written to only where the pod mounts something writable.
import type { Container } from './pod-spec';
import type { ReadyVolume } from './pod-volumes';

/** What stands for an image. */
export interface Image {
  /** Folders of this machine by the path they get; read-only. */
  readonly folders: Readonly<Record<string, string>>;
  readonly path: string;
  /** The program of a container that has arguments and no command. */
  readonly entrypoint: readonly string[];
  /** Users that the image knows by name. */
  readonly users: Readonly<Record<string, number>>;
}

// Programs and libraries are those of this machine. In the usual layout /bin and /lib are links.
const LAYOUT = `set -e
mount --make-rprivate /
mount -t tmpfs root "$ROOT"
cd "$ROOT"
bind() { mkdir -p ".$2"; mount --rbind "$1" ".$2"; [ "$3" = rw ] || mount -o remount,bind,ro ".$2"; }
for each in /bin /sbin /lib*; do if [ -L "$each" ]; then cp -P "$each" .; else bind "$each" "$each" ro; fi; done
for each in /dev /usr /opt /etc/ssl; do if [ -e "$each" ]; then bind "$each" "$each" ro; fi; done
mkdir -p etc proc home srv var/lib var/tmp
mount -t proc proc proc
# Everybody could write there if the root were not read-only.
chmod 0777 . home srv var var/lib var/tmp
# It says where the libraries of this machine are.
if [ -e /etc/ld.so.cache ]; then cp /etc/ld.so.cache etc/; fi`;

/** A shell script for a mount namespace of its own. It makes a root in an empty folder, and runs its arguments there. */
export function rootScript(
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
    /** Names of services. All of them are addresses of the loopback interface. */
    readonly hosts: readonly string[];
  },
): string {
  const users = Object.entries({ root: 0, ...image.users });
  const etc: Readonly<Record<string, string>> = {
    passwd: users.map(([name, id]) => `${name}:x:${id}:${id}::/nonexistent:/bin/sh\n`).join(''),
    group: users.map(([name, id]) => `${name}:x:${id}:\n`).join(''),
    hosts: `127.0.0.1 localhost ${hosts.join(' ')}\n`,
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
  };
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => {
    const volume = volumes.get(name);
    if (volume === undefined)
      throw new Error(`${container.name} mounts ${name}, which its pod does not have`);
    return `bind '${volume.folder}' '${mountPath}' ${volume.readOnly || readOnly ? 'ro' : 'rw'}`;
  });
  return [
    `ROOT='${root}'`,
    LAYOUT,
    ...Object.entries(etc).map(([name, text]) => `printf %s '${text}' >etc/${name}`),
    ...Object.entries(image.folders).map(([path, folder]) => `bind '${folder}' '${path}' ro`),
    ...mounts,
    'mount -o remount,bind,ro .',
    'exec chroot . "$@"',
  ].join('\n');
}

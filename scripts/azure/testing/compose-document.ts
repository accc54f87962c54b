// For tests: reads a compose file as the real program does, as far as the stand-in for it needs.
import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { setting } from './stand-in-settings';

export interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly { readonly source: string; readonly target: string }[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The services of a compose file, variables filled in and relative sources made absolute. */
export function readCompose(file: string): Readonly<Record<string, Service>> {
  const text = readFileSync(file, 'utf8').replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_all, name: string, otherwise: string) => process.env[name] || otherwise,
  );
  const { services } = parse(text, { version: '1.1' }) as { services: Record<string, Service> };
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => [
      name,
      {
        ...service,
        volumes: service.volumes.map((volume) => ({
          ...volume,
          source: volume.source.startsWith('.') ? resolve(dirname(file), volume.source) : volume.source,
        })),
      },
    ]),
  );
}

/** A text of the container with its paths turned into those of the machine. */
export function onMachine({ volumes }: Service, text: string): string {
  const mount = [...volumes]
    .sort((a, b) => b.target.length - a.target.length)
    .find(({ target }) => text === target || text.startsWith(`${target}/`));
  if (mount !== undefined) return mount.source + text.slice(mount.target.length);
  const within = volumes.filter(({ target }) => text.startsWith('/') && dirname(target) === text);
  return within.length === 0 ? text : folderOf(within);
}

// A folder of the container that only mounted files are in.
function folderOf(files: Service['volumes']): string {
  const folder = mkdtempSync(join(setting('state'), 'mounts-'));
  for (const { source, target } of files) symlinkSync(source, join(folder, basename(target)));
  return folder;
}

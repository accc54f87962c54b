// For tests: reads the parts of a compose file that the stand-in for docker needs, and finds its paths on this machine.
import { mkdtempSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';

export interface Service {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Where the folders and files of the container are on this machine. */
  readonly volumes: readonly { readonly source: string; readonly target: string }[];
  readonly healthcheck?: { readonly test: readonly string[] };
}

/** The services of a compose file. A variable that is not given has its default. */
export function readCompose(
  file: string,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, Service>> {
  const text = readFileSync(file, 'utf8').replace(
    /\$\{(\w+):-([^}]*)\}/g,
    (_all, name: string, otherwise: string) => variables[name] ?? otherwise,
  );
  const { services } = parse(text, { version: '1.1' }) as { services: Record<string, Service> };
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const volumes = service.volumes.map(({ source, target }) => ({
        source: resolve(dirname(file), source),
        target,
      }));
      return [name, { ...service, volumes }];
    }),
  );
}

/**
 * The path on this machine when the text is a mounted path of the container, else the text itself.
 * @param scratch folder for links to mounted files whose folder in the container is not a mount itself
 */
export function onMachine({ volumes }: Service, text: string, scratch: string): string {
  const mount = volumes.find(({ target }) => text === target || text.startsWith(`${target}/`));
  if (mount !== undefined) return mount.source + text.slice(mount.target.length);
  const files = volumes.filter(({ target }) => dirname(target) === text);
  if (files.length === 0) return text;
  const folder = mkdtempSync(join(scratch, 'mounts-'));
  for (const { source, target } of files) symlinkSync(source, join(folder, basename(target)));
  return folder;
}

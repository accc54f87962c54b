// For tests: makes releases of the built program and deploys them to a machine, as `cdktf deploy` does.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from '../../testing/built-program';
import type { Machine, Ran } from './machine';

/** What the releases of tests have in common: a small private machine with backups. */
export const SMALL_RELEASE = {
  size: { cpus: 1, memoryMiB: 512 },
  schemas: 'iot,service',
  hostName: '',
  tls: 'internal',
  exposure: 'private',
  backups: { enabled: true, keepFull: 2, keepDiff: 2 },
} as const;

export interface Release {
  /** Writes the bundle of the program in the first folder into the second one. */
  bundle(programFolder: string, folder: string): Readonly<Record<'name' | 'path' | 'sha256', string>>;
  /** Edits the text of `tsdb.js`. */
  readonly edit?: (text: string) => string;
  /** The hash that the deployment names; by default that of the bundle. */
  readonly hash?: string;
  /** Whether it differs from all before, by a file `release` in the program with its number. */
  readonly isNew?: boolean;
}

export interface Releases {
  deploy(machine: Machine, release: Release): Promise<Ran>;
  /** Number of the last deployment. */
  last(): number;
}

/**
 * Builds the program once. Everything is in the folder `place`.
 * @param script text of the command that Azure runs on the machine
 */
export function prepareReleases(place: string, script: string): Releases {
  const built = builtProgram(join(place, 'program'));
  const command = join(place, 'run-command.sh');
  writeFileSync(command, script);
  let last = 0;
  return {
    last: () => last,
    deploy(machine, { bundle, edit = (text) => text, hash = '', isNew = false }) {
      last += 1;
      const program = join(place, `program-${last}`);
      cpSync(built, program, { recursive: true });
      const file = join(program, 'tsdb.js');
      writeFileSync(file, edit(readFileSync(file, 'utf8')));
      if (isNew) writeFileSync(join(program, 'release'), String(last));
      const { name, path, sha256 } = bundle(program, join(place, 'bundles'));
      machine.azure.blobs.set(`/bundles/${name}`, readFileSync(path));
      return machine.run(command, [], {
        bundle_url: `${machine.azure.url}/blobs/bundles/${name}`,
        bundle_sha256: hash || sha256,
      });
    },
  };
}

// For tests: finds the programs of a Kubernetes control plane where test suites of Kubernetes usually look for them.
import { delimiter, join } from 'node:path';
import { isExecutable } from '../../../db/local/binaries';

/** Paths of programs by name. */
export type Programs<Name extends string> = { readonly [name in Name]: string };

/**
 * Looks in the folder KUBEBUILDER_ASSETS or the usual one, and then on PATH. `programs` is undefined when one of them is
 * missing. `told` is a text for people that says what was found or what is missing.
 */
export function findPrograms<Name extends string>(
  names: readonly Name[],
): { readonly programs: Programs<Name> | undefined; readonly told: string } {
  const { KUBEBUILDER_ASSETS, PATH = '' } = process.env;
  const first = KUBEBUILDER_ASSETS || '/usr/local/kubebuilder/bin';
  const folders = [first, ...PATH.split(delimiter)].filter(Boolean);
  const pathOf = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find(isExecutable);
  const missing = names.filter((name) => pathOf(name) === undefined);
  if (missing.length > 0) {
    const told = `no ${missing.join(', ')} in ${first} or PATH; set KUBEBUILDER_ASSETS to their folder`;
    return { programs: undefined, told };
  }
  const programs = Object.fromEntries(names.map((name) => [name, pathOf(name)])) as Programs<Name>;
  return { programs, told: Object.values(programs).join(', ') };
}

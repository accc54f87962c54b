// For tests: finds the programs of a Kubernetes control plane where test suites of Kubernetes usually look for them.
import { delimiter, join } from 'node:path';
import { isExecutable } from '../../../db/local/binaries';

/** Paths of programs by name. */
export type Programs<Name extends string> = { readonly [name in Name]: string };

/** What was found, in words, and the programs when none is missing. */
export interface Search<Name extends string> {
  /** Undefined when something is missing. */
  readonly programs: Programs<Name> | undefined;
  /** For people: `/usr/local/kubebuilder/bin/etcd, …`, or what is missing. */
  readonly told: string;
}

const USUAL_FOLDER = '/usr/local/kubebuilder/bin';

/** Looks in the folder KUBEBUILDER_ASSETS, else in the usual one, and after it on PATH. */
export function findPrograms<Name extends string>(names: readonly Name[]): Search<Name> {
  const { KUBEBUILDER_ASSETS, PATH = '' } = process.env;
  const first = KUBEBUILDER_ASSETS || USUAL_FOLDER;
  const folders = [first, ...PATH.split(delimiter)].filter(Boolean);
  const found = names.map((name) => {
    const folder = folders.find((each) => isExecutable(join(each, name)));
    return [name, folder === undefined ? undefined : join(folder, name)] as const;
  });
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0)
    return {
      programs: undefined,
      told: `no ${missing.join(', ')} in ${first} or PATH; set KUBEBUILDER_ASSETS to their folder`,
    };
  return {
    programs: Object.fromEntries(found) as Programs<Name>,
    told: found.map(([, path]) => path).join(', '),
  };
}

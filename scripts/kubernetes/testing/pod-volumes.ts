// For tests: a pod's volumes as folders of this machine, with the owners and modes that a node gives them.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { PodSpec, Volume } from './pod-spec';

/** Contents of Secrets: name, key, value. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A volume of a pod, ready to be mounted. */
export interface ReadyVolume {
  readonly folder: string;
  /** Nobody writes to Secrets, whatever the mount says. */
  readonly readOnly: boolean;
}

/**
 * Makes the volumes of one pod; claims are shared, and keep what they have.
 * @param folder of the node
 * @throws Error when the pod asks for a Secret or key that is not there, or for a kind of volume that no pod here has.
 */
export function makeVolumes(
  folder: string,
  { volumes = [], securityContext = {} }: PodSpec,
  secrets: Secrets,
): ReadonlyMap<string, ReadyVolume> {
  const group = securityContext.fsGroup ?? 0;
  const own = mkdtempSync(join(folder, 'pod-'));
  const claims = join(folder, 'claims');
  return new Map(volumes.map((volume) => [volume.name, makeVolume(volume, { own, claims, group, secrets })]));
}

interface Surroundings {
  readonly own: string;
  readonly claims: string;
  readonly group: number;
  readonly secrets: Secrets;
}

function makeVolume(volume: Volume, { own, claims, group, secrets }: Surroundings): ReadyVolume {
  const { name, persistentVolumeClaim, secret, projected } = volume;
  if (persistentVolumeClaim !== undefined) {
    const claim = join(claims, persistentVolumeClaim.claimName);
    if (!existsSync(claim)) {
      openFolder(claim, group);
      // As on a new file system.
      mkdirSync(join(claim, 'lost+found'), { mode: 0o700 });
    }
    return { folder: claim, readOnly: false };
  }
  const folder = join(own, name);
  openFolder(folder, group);
  if (volume.emptyDir !== undefined) return { folder, readOnly: false };
  const sources = secret
    ? [{ ...secret, name: secret.secretName }]
    : projected?.sources.map((one) => one.secret);
  if (sources === undefined) throw new Error(`the volume ${name} is of an unknown kind`);
  const mode = secret?.defaultMode ?? projected?.defaultMode ?? 0o644;
  for (const source of sources) {
    const values = secrets[source?.name ?? ''];
    if (source === undefined || values === undefined)
      throw new Error(`the volume ${name} has no such Secret`);
    const items = source.items ?? Object.keys(values).map((key) => ({ key, path: key }));
    for (const { key, path } of items) {
      if (values[key] === undefined) throw new Error(`the Secret ${source.name} has no key ${key}`);
      place(folder, path, values[key], { mode, group });
    }
  }
  return { folder, readOnly: true };
}

function openFolder(folder: string, group: number): void {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, 0, group);
  chmodSync(folder, 0o2775);
}

// Links to a hidden folder, which is how a node swaps all files of a Secret at once.
function place(
  folder: string,
  path: string,
  value: string,
  { mode, group }: { readonly mode: number; readonly group: number },
): void {
  const file = join(folder, '..version', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, value);
  chownSync(file, 0, group);
  chmodSync(file, mode);
  if (!existsSync(join(folder, '..data'))) symlinkSync('..version', join(folder, '..data'));
  symlinkSync(join('..data', path), join(folder, path));
}

// For tests: a pod's volumes as folders of this machine, with the owners and modes that a node gives them.
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PodSpec, Volume } from './pod-spec';

/** Contents of Secrets: name, key, value. */
export type Secrets = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A volume of a pod, ready to be mounted. */
export interface ReadyVolume {
  readonly folder: string;
  /** A volume of Secrets is always read-only, whatever the mount says. */
  readonly readOnly: boolean;
}

/**
 * Makes the volumes of one pod. Pods with the same claim share its folder, which keeps its content.
 * @param folder of the node
 * @throws Error when a Secret or one of its keys is missing, or the kind of a volume is not known.
 */
export function makeVolumes(
  folder: string,
  { volumes = [], securityContext = {} }: PodSpec,
  secrets: Secrets,
): ReadonlyMap<string, ReadyVolume> {
  const own = mkdtempSync(join(folder, 'pod-'));
  const group = securityContext.fsGroup ?? 0;
  const ready = volumes.map((volume): readonly [string, ReadyVolume] => {
    const claim = volume.persistentVolumeClaim?.claimName;
    const place = claim === undefined ? join(own, volume.name) : join(folder, 'claims', claim);
    if (!existsSync(place)) {
      mkdirSync(place, { recursive: true });
      chownSync(place, 0, group);
      chmodSync(place, 0o2775);
      // A new file system has this folder.
      if (claim !== undefined) mkdirSync(join(place, 'lost+found'), { mode: 0o700 });
    }
    return [volume.name, { folder: place, readOnly: filesOf(volume, secrets).length > 0 }];
  });
  const made = new Map(ready);
  writeSecrets({ volumes, securityContext }, made, secrets);
  return made;
}

/** Writes the files of a pod's Secrets into its volumes. A node does so again when a Secret has changed. */
export function writeSecrets(
  { volumes = [], securityContext = {} }: Pick<PodSpec, 'volumes' | 'securityContext'>,
  made: ReadonlyMap<string, ReadyVolume>,
  secrets: Secrets,
): void {
  for (const volume of volumes)
    for (const { path, value, mode } of filesOf(volume, secrets)) {
      const file = join(made.get(volume.name)?.folder ?? '', path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, value);
      chownSync(file, 0, securityContext.fsGroup ?? 0);
      chmodSync(file, mode);
    }
}

/** The files of a volume of Secrets. Other volumes begin without any. */
function filesOf(volume: Volume, secrets: Secrets) {
  const { name: volumeName, secret, projected, emptyDir, persistentVolumeClaim } = volume;
  if (emptyDir !== undefined || persistentVolumeClaim !== undefined) return [];
  const sources = secret
    ? [{ ...secret, name: secret.secretName }]
    : projected?.sources.map((source) => source.secret);
  if (sources === undefined) throw new Error(`the volume ${volumeName} is of an unknown kind`);
  const mode = secret?.defaultMode ?? projected?.defaultMode ?? 0o644;
  return sources.flatMap(({ name, items }) => {
    const values = secrets[name];
    if (values === undefined) throw new Error(`the volume ${volumeName} has no such Secret`);
    return (items ?? Object.keys(values).map((key) => ({ key, path: key }))).map(({ key, path }) => {
      const value = values[key];
      if (value === undefined) throw new Error(`the Secret ${name} has no key ${key}`);
      return { path, value, mode };
    });
  });
}

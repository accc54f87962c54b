// Arranges manifests as a base for Kustomize, which Argo CD, Flux and `kubectl apply -k` read (pure).
import { createHash } from 'node:crypto';
import type { ApiObject, Manifest } from './convert';

/** Text of each file by its path below the folder. */
export type Files = ReadonlyMap<string, string>;

export interface KustomizeOptions {
  /** YAML of one object, with its comments. */
  readonly asYaml: (manifest: Manifest) => string;
  /** Whether Terraform would refuse to delete the object of this address. */
  readonly isProtected: (address: string) => boolean;
}

/**
 * Three steps, each of which needs the one before it. Argo CD reads their order from annotations. Flux orders Kustomizations,
 * so that each step is a folder of its own.
 */
const STEPS = ['database', 'schema', 'api'] as const;
type Step = (typeof STEPS)[number];

const STEP_OF: Readonly<Record<string, Step>> = {
  schema: 'schema',
  api: 'api',
  backup: 'api',
  health: 'api',
  'kafka-consumer': 'api',
  'mqtt-consumer': 'api',
};

/** Kubernetes refuses what a quota counts while the quota is still being computed. */
const BEFORE_ALL: readonly string[] = ['Namespace', 'StorageClass', 'LimitRange', 'ResourceQuota'];

const COMPONENT = 'app.kubernetes.io/component';

/** The first line of each `kustomization.yaml`, by which a later run recognises its own files. */
export const WRITTEN = '# Written by "npm run k8s:manifests -- --kustomize". Changes belong into an overlay.';

/**
 * One file for each object but Secrets, whose values nobody here knows, and a `kustomization.yaml` for the folder and for each
 * step in it.
 */
export function kustomizeBase(manifests: readonly Manifest[], options: KustomizeOptions): Files {
  const secrets = manifests.filter(isSecret);
  const shown = manifests.filter((manifest) => !isSecret(manifest));
  // The stack of the replicating database has no schema. Its parts belong together, as the operator orders them.
  const isWhole = shown.some(({ object }) => componentOf(object) === 'schema');
  const stepOf = ({ object }: Manifest): Step => (isWhole && STEP_OF[partOf(object)]) || 'database';
  const files = new Map<string, string>();
  const used = STEPS.filter((step) => shown.some((manifest) => stepOf(manifest) === step));
  files.set('kustomization.yaml', kustomization(used, secrets));
  for (const step of used) {
    const own = shown
      .filter((manifest) => stepOf(manifest) === step)
      .map((manifest) => ({
        file: fileOf(manifest.object),
        text: options.asYaml(arranged(manifest, step, options)),
      }));
    files.set(`${step}/kustomization.yaml`, kustomization(own.map(({ file }) => file)));
    for (const { file, text } of own) files.set(`${step}/${file}`, text);
  }
  return files;
}

/** The files and folders that an earlier run has listed in its `kustomization.yaml`. None of them is outside of its folder. */
export function resourcesIn(kustomizationYaml: string): readonly string[] {
  return [...kustomizationYaml.matchAll(/^ {2}- ([a-z0-9][a-z0-9.-]*)$/gm)].map(([, file]) => file as string);
}

function kustomization(resources: readonly string[], secrets: readonly Manifest[] = []): string {
  const missing = secrets.map(
    ({ object, secretKeys }) => `# Needs the Secret ${object.metadata.name} with ${secretKeys.join(', ')}.\n`,
  );
  return `${WRITTEN}
${missing.join('')}apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
${resources.map((file) => `  - ${file}\n`).join('')}`;
}

const isSecret = ({ object }: Manifest): boolean => object.apiVersion === 'v1' && object.kind === 'Secret';

interface Labelled {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function componentOf({ metadata }: ApiObject): string {
  return (metadata as Labelled).labels?.[COMPONENT] ?? '';
}

/** The component without the number that tells consumers of one broker apart. */
const partOf = (object: ApiObject): string => componentOf(object).replace(/-\d+$/, '');

/** The hash in the name of a Job is left out, so that a new one takes the place of its file. */
function fileOf({ kind, metadata: { name } }: ApiObject): string {
  const stem = kind === 'Job' ? name.replace(/-[0-9a-f]{10}$/, '') : name;
  return `${kind.toLowerCase()}-${stem}.yaml`;
}

function arranged(manifest: Manifest, step: Step, { isProtected }: KustomizeOptions): Manifest {
  const { object, address } = manifest;
  const annotations = {
    ...(object.metadata as Labelled).annotations,
    'argocd.argoproj.io/sync-wave': String(BEFORE_ALL.includes(object.kind) ? -1 : STEPS.indexOf(step)),
    // A claim waits for its first pod, which for the dumps is that of the first night.
    ...(object.kind === 'PersistentVolumeClaim' ? { 'argocd.argoproj.io/ignore-healthcheck': 'true' } : {}),
    ...(isProtected(address)
      ? {
          'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
          'kustomize.toolkit.fluxcd.io/prune': 'disabled',
        }
      : {}),
  };
  const name = object.kind === 'Job' ? nameOfJob(object) : object.metadata.name;
  const metadata = { ...object.metadata, name, annotations };
  return { ...manifest, object: { ...object, metadata } };
}

// A Job cannot be edited. Terraform makes another one of the same name then; here, any change has to change the name.
function nameOfJob(job: ApiObject): string {
  const hash = createHash('sha256').update(JSON.stringify(job)).digest('hex');
  return job.metadata.name.replace(/-[0-9a-f]{10}$/, `-${hash.slice(0, 10)}`);
}

// What a deployment does about what an earlier one left: a Job that failed runs again, and a pod that cannot start makes room.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import { conditionOf, type Metadata, type Workload } from './objects';
import { pathOf, podPathOf } from './paths';
import { read, requireGood } from './read';
import type { RolloutTarget } from './request';
import type { PodSeen } from './verdict';

/** On a Job whose failure was reported. A Job that has failed since the deployment began has not got it. */
export const REPORTED = 'timescaledb-as-code/failure-reported';

interface Job extends Workload {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Workload['spec'] & {
    readonly selector?: unknown;
    readonly template: { readonly metadata?: Metadata; readonly spec: unknown };
  };
}

/** Marks a Job as failed and reported, so that the next deployment lets it run again. */
export async function markFailure(cluster: Cluster, namespace: string, target: RolloutTarget): Promise<void> {
  if (target.kind !== 'Job') return;
  const path = `${pathOf('Job', namespace)}/${target.name}`;
  const answer = await cluster.ask('PATCH', path, { metadata: { annotations: { [REPORTED]: 'true' } } });
  requireGood(answer, `marking ${path}`);
}

/**
 * Terraform does not replace a Job that has failed: for Terraform it is as declared. So the Job is made again here, from its
 * own declaration. Its log stays until then.
 * @returns whether it runs again.
 */
export async function runAgain(cluster: Cluster, namespace: string, target: RolloutTarget): Promise<boolean> {
  if (target.kind !== 'Job') return false;
  const jobs = pathOf('Job', namespace);
  const job = await read<Job>(cluster, `${jobs}/${target.name}`);
  if (job === undefined || conditionOf(job, 'Failed')?.status !== 'True') return false;
  if (job.metadata.annotations?.[REPORTED] === undefined) return false;
  const path = `${jobs}/${target.name}`;
  const preconditions = { uid: job.metadata.uid };
  const gone = await cluster.ask('DELETE', path, { propagationPolicy: 'Background', preconditions });
  if (gone.status !== 404) requireGood(gone, `removing ${path}`);
  for (let tries = 0; tries < 60 && (await read(cluster, path)) !== undefined; tries += 1) await sleep(500);
  requireGood(await cluster.ask('POST', jobs, declarationOf(job)), `making ${path} again`);
  return true;
}

/** Without what the API server and the controller added. */
function declarationOf({ apiVersion, kind, metadata, spec }: Job): object {
  const { selector: _, template, ...rest } = spec;
  const { name, namespace, annotations = {} } = metadata;
  const { [REPORTED]: __, ...kept } = annotations;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, labels: ownLabels(metadata), annotations: kept },
    spec: {
      ...rest,
      template: { ...template, metadata: { labels: ownLabels(template.metadata ?? { name: '' }) } },
    },
  };
}

const GIVEN = /^(batch\.kubernetes\.io\/)?(controller-uid|job-name)$/;

const ownLabels = ({ labels = {} }: Pick<Metadata, 'labels'>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(labels).filter(([label]) => !GIVEN.test(label)));

/**
 * A StatefulSet replaces a pod only when it is ready, also when a newer version would repair it. Kubernetes leaves the removal
 * to people: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
 * @returns whether it is removed: not when the pod is another one, or has changed, since it was looked at.
 */
export async function removeStuckPod(
  cluster: Cluster,
  namespace: string,
  { name, uid, resourceVersion }: PodSeen,
): Promise<boolean> {
  const path = podPathOf(namespace, name);
  const answer = await cluster.ask('DELETE', path, { preconditions: { uid, resourceVersion } });
  if (answer.status === 404 || answer.status === 409) return false;
  requireGood(answer, `removing ${path}`);
  return true;
}

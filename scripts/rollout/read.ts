// Reads an object of the API server, and the end of a log.
import { UsageError } from '../../db/core/errors';
import type { Cluster, ClusterAnswer } from './cluster';
import { podPathOf } from './paths';
import type { LogPlace } from './verdict';

/** The server, or the way to it, failed for a moment: asking again may help. */
export class NoAnswerError extends Error {}

/**
 * @returns nothing when there is no such object.
 * @throws UsageError when the login is not accepted or may not read this.
 * @throws NoAnswerError when the server cannot answer now.
 */
export async function read<T>(cluster: Cluster, path: string): Promise<T | undefined> {
  const answer = await cluster.ask('GET', path);
  if (answer.status === 404) return undefined;
  requireGood(answer, `reading ${path}`);
  return JSON.parse(answer.text) as T;
}

/** @throws as `read` does. */
export function requireGood({ status, text }: ClusterAnswer, what: string): void {
  if (status < 400) return;
  const reason = `${what} failed (${status}): ${messageIn(text)}`;
  if (status === 401)
    throw new UsageError(`${reason}; the cluster does not accept this login, so log in again`);
  if (status === 403)
    throw new UsageError(
      `${reason}; the check reads workloads, pods, their logs, claims and events of the namespace`,
    );
  if (status === 408 || status === 429 || status >= 500) throw new NoAnswerError(reason);
  throw new UsageError(reason);
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { readonly message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

const LINES = 20;

/** The last lines of a container's log; empty when the node does not give it. The reason of the failure is told anyway. */
export async function lastLines(cluster: Cluster, namespace: string, place: LogPlace): Promise<string> {
  const { pod, container, previous } = place;
  const path = `${podPathOf(namespace, pod)}/log`;
  const query = new URLSearchParams({ container, tailLines: String(LINES), previous: String(previous) });
  try {
    const { status, text } = await cluster.ask('GET', `${path}?${query}`);
    return status === 200 ? text.trimEnd() : '';
  } catch {
    return '';
  }
}

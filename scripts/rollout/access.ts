// How the check logs in to the cluster: as the provider block of the synthesised stack does, so that both see the same cluster.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { messageOf, UsageError } from '../../db/core/errors';
import { type Cluster, clusterOf } from './cluster';
import type { RolloutRequest } from './request';

interface Provider {
  readonly config_path?: string;
  readonly config_context?: string;
  readonly exec?: readonly Exec[] | Exec;
}

interface Exec {
  readonly api_version: string;
  readonly command: string;
  readonly args?: readonly string[];
}

/**
 * @param folder of the synthesised stack
 * @throws UsageError when the kubeconfig cannot be read, or says nothing of the context.
 */
export async function connect(folder: string, { cluster }: RolloutRequest): Promise<Cluster> {
  const provider = providerOf(folder);
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (cluster !== undefined) {
    const [exec] = [provider.exec ?? []].flat();
    if (exec === undefined) throw new UsageError('the stack does not say how to log in to its cluster');
    const name = 'cluster';
    config.loadFromOptions({
      clusters: [{ name, server: cluster.host, caData: Buffer.from(cluster.certificate).toString('base64') }],
      users: [
        { name, exec: { apiVersion: exec.api_version, command: exec.command, args: exec.args, env: [] } },
      ],
      contexts: [{ name, cluster: name, user: name }],
      currentContext: name,
    });
    return clusterOf(config);
  }
  const file = pathOf(folder, provider.config_path ?? '');
  try {
    config.loadFromFile(file);
  } catch (error) {
    throw new UsageError(
      `the kubeconfig ${file} cannot be read: ${messageOf(error)}; set TSDB_DEPLOY_KUBE_CONFIG to yours`,
      { cause: error },
    );
  }
  const context = provider.config_context ?? config.getCurrentContext();
  if (config.getContextObject(context) === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new UsageError(
      `the kubeconfig ${file} has no context "${context}"; there are: ${known.join(', ') || 'none'}. Set TSDB_DEPLOY_KUBE_CONTEXT to one of them`,
    );
  }
  config.setCurrentContext(context);
  return clusterOf(config);
}

/**
 * Without the file, the provider would try a cluster on this machine, and only after the plan was agreed to.
 * @param folder of the synthesised stack; one that uses no kubeconfig needs none
 * @throws UsageError when the kubeconfig is not there.
 */
export function requireKubeConfig(folder: string): void {
  const path = providerIn(folder)?.config_path;
  if (path === undefined) return;
  const file = pathOf(folder, path);
  if (!existsSync(file))
    throw new UsageError(`there is no kubeconfig ${file}; set TSDB_DEPLOY_KUBE_CONFIG to yours`);
}

function providerOf(folder: string): Provider {
  const block = providerIn(folder);
  if (block === undefined) throw new UsageError('the stack has no cluster');
  return block;
}

function providerIn(folder: string): Provider | undefined {
  const stack = join(folder, 'cdk.tf.json');
  if (!existsSync(stack)) return undefined;
  const text = readFileSync(stack, 'utf8');
  const { provider } = JSON.parse(text) as { readonly provider?: { readonly kubernetes?: unknown } };
  const [block] = [provider?.kubernetes ?? []].flat();
  return block as Provider | undefined;
}

// As the provider reads it: relative to where Terraform runs, and `~` is the home folder.
function pathOf(folder: string, path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return resolve(folder, path);
}

// Requests to the API server of a cluster. Loading the client takes a second, so nothing but a check loads this.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, UsageError } from '../../db/core/errors';

export type Method = 'GET' | 'PATCH' | 'POST' | 'DELETE';

/** What the API server answered with. */
export interface ClusterAnswer {
  readonly status: number;
  readonly text: string;
}

export interface Cluster {
  /** Its address, for messages. */
  readonly address: string;
  /**
   * @param path begins with `/api`
   * @throws UsageError when the login fails; any other error when nothing answers.
   */
  ask(method: Method, path: string, body?: unknown): Promise<ClusterAnswer>;
}

const TIMEOUT_MS = 30_000;

/** Uses the login of a kubeconfig: certificates, tokens, and programs that fetch tokens. */
export function clusterOf(config: KubeConfig): Cluster {
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new UsageError('the kubeconfig names no cluster; choose a context');
  return {
    address: server,
    async ask(method, path, body) {
      const options: RequestOptions = {
        method,
        headers: { accept: 'application/json' },
        timeout: TIMEOUT_MS,
      };
      await logIn(config, options);
      return send(new URL(`${server.replace(/\/+$/, '')}${path}`), options, body);
    },
  };
}

async function logIn(config: KubeConfig, options: RequestOptions): Promise<void> {
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const exec = config.getCurrentUser()?.exec as { readonly command?: string } | undefined;
    const how = exec?.command === undefined ? '' : ` with ${exec.command}`;
    throw new UsageError(`the login to the cluster failed${how}: ${messageOf(error).trim()}`, {
      cause: error,
    });
  }
}

function send(url: URL, options: RequestOptions, body: unknown): Promise<ClusterAnswer> {
  const content = body === undefined ? undefined : JSON.stringify(body);
  const type = options.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  // Node gives no length to the body of a DELETE by itself.
  const described =
    content === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(content) };
  const headers = { ...options.headers, ...described };
  // The client makes an agent for https, also where the address is one of http.
  const isOpen = url.protocol === 'http:';
  const { agent, ...rest } = options;
  return new Promise((resolve, reject) => {
    const sent = (isOpen ? httpRequest : httpsRequest)(
      url,
      { ...rest, headers, ...(isOpen ? {} : { agent }) } as RequestOptions,
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (part: string) => {
          text += part;
        });
        answer.once('end', () => resolve({ status: answer.statusCode ?? 0, text })).once('error', reject);
      },
    );
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
    sent.once('error', reject);
    sent.end(content);
  });
}

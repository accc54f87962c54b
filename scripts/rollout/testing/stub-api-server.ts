// For tests: answers the few requests of a check as the API server of a cluster does, from objects that a test puts there.
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

interface StoredObject {
  readonly metadata: { readonly name: string };
}

export interface StubApiServer {
  readonly url: string;
  /** Objects by the path of their list, such as `/api/v1/namespaces/tsdb/pods`. */
  readonly objects: Map<string, Map<string, StoredObject>>;
  /** Logs by `pod/container`, with ` previous` at the end for the run before. */
  readonly logs: Map<string, string>;
  /** What was asked for, but for reading: `DELETE /api/…`. */
  readonly changes: string[];
  /** How each request was authorised. */
  readonly tokens: string[];
  /** A status for every answer, in place of the right one. */
  failWith: number | undefined;
  /** What happens between the request for a removal and its answer. */
  beforeDelete?: () => void;
  put(list: string, object: StoredObject): void;
  stop(): Promise<void>;
}

/** @param tls its key and certificate; without them it speaks HTTP */
export async function startStubApiServer(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<StubApiServer> {
  const listener: RequestListener = async (request, response) => {
    stub.tokens.push(request.headers.authorization ?? '');
    const { status, body } = stub.failWith
      ? { status: stub.failWith, body: { message: 'the stub was told to fail' } }
      : answer(request.method ?? '', new URL(request.url ?? '', stub.url), await bodyOf(request));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: StubApiServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects: new Map(),
    logs: new Map(),
    changes: [],
    tokens: [],
    failWith: undefined,
    put(list, object) {
      const named = stub.objects.get(list) ?? new Map<string, StoredObject>();
      stub.objects.set(list, named.set(object.metadata.name, object));
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  function answer(method: string, { pathname, searchParams }: URL, body: unknown) {
    if (method !== 'GET') stub.changes.push(`${method} ${pathname}`);
    const log = /\/pods\/([^/]+)\/log$/.exec(pathname);
    if (log !== null) {
      const previous = searchParams.get('previous') === 'true' ? ' previous' : '';
      const text = stub.logs.get(`${log[1]}/${searchParams.get('container')}${previous}`);
      return text === undefined ? NOT_FOUND : { status: 200, body: text };
    }
    const [, list = '', name = ''] = /^(.*)\/([^/]+)$/.exec(pathname) ?? [];
    if (method === 'POST') {
      stub.put(pathname, body as StoredObject);
      return { status: 201, body };
    }
    const isList = /\/(pods|events|persistentvolumeclaims|replicasets|deployments)$/.test(pathname);
    if (method === 'GET' && isList)
      return { status: 200, body: { items: [...(stub.objects.get(pathname)?.values() ?? [])] } };
    if (method === 'DELETE') stub.beforeDelete?.();
    const found = stub.objects.get(list)?.get(name);
    if (found === undefined) return NOT_FOUND;
    if (method === 'DELETE') {
      if (!meets(found, (body as { preconditions?: object } | undefined)?.preconditions)) return CONFLICT;
      stub.objects.get(list)?.delete(name);
    }
    if (method === 'PATCH') stub.put(list, merged(found, body) as StoredObject);
    return { status: 200, body: found };
  }
  return stub;
}

const CONFLICT = { status: 409, body: { message: 'the precondition is not met' } };

const meets = ({ metadata }: StoredObject, conditions: object = {}): boolean =>
  Object.entries(conditions).every(([name, value]) => (metadata as Record<string, unknown>)[name] === value);

const NOT_FOUND = { status: 404, body: { message: 'not found' } };

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const part of request) text += String(part);
  return text === '' ? undefined : JSON.parse(text);
}

/** As a merge patch does. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...((target ?? {}) as object) };
  for (const [key, value] of Object.entries(patch)) result[key] = merged(result[key], value);
  return result;
}

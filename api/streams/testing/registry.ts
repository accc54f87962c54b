// For tests: a schema registry over HTTP that answers as the documented API does, and counts what it is asked.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Registered {
  readonly schema: string;
  readonly schemaType?: 'PROTOBUF' | 'JSON';
  readonly references?: readonly {
    readonly name: string;
    readonly subject: string;
    readonly version: number;
  }[];
}

export interface RegistryUnderTest {
  readonly url: string;
  /** The paths that it was asked for. */
  readonly asked: string[];
  /** Answers with this status from now on, as a registry that is ill; undefined = as it should. */
  status: number | undefined;
  register(id: number, schema: Registered, subject?: string): void;
  stop(): Promise<void>;
}

const LOGIN = `Basic ${Buffer.from('alice:secret').toString('base64')}`;

/** Starts it; it lets in user alice with password `secret`, and everybody when `login` is false. */
export async function startRegistry({ login }: { readonly login: boolean }): Promise<RegistryUnderTest> {
  const paths = new Map<string, Registered>();
  const server = createServer((request, response) => {
    const send = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
      response.end(JSON.stringify(body));
    };
    const path = decodeURIComponent(request.url ?? '');
    registry.asked.push(path);
    if (login && request.headers.authorization !== LOGIN)
      return send(401, { error_code: 401, message: 'Unauthorized' });
    if (registry.status !== undefined) return send(registry.status, { error_code: 50001, message: 'ill' });
    const found = paths.get(path);
    return found
      ? send(200, found)
      : send(404, { error_code: path.startsWith('/schemas') ? 40403 : 40401, message: 'not found' });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const registry: RegistryUnderTest = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    status: undefined,
    register: (id, schema, subject) => {
      paths.set(`/schemas/ids/${id}`, schema);
      if (subject !== undefined) paths.set(`/subjects/${subject}/versions/1`, { ...schema });
    },
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return registry;
}

/** A value as serialisers for registries write it. */
export function framed(id: number, ...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return Buffer.concat([header, ...parts]);
}

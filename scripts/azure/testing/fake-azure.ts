// For tests: the metadata endpoint, the vault and the storage of Azure on the loopback interface.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What the machine can ask for, and what it has uploaded. */
export interface FakeAzure {
  /** What the addresses of all services begin with. */
  readonly url: string;
  /** Values of the secrets in the vault by name. A test changes them to rotate a secret. */
  readonly secrets: Map<string, string>;
  /** Sets when all of them expire, in seconds since 1970. */
  expireSecrets(at: number): void;
  /** Complete blobs by path, such as `/bundles/a.tar.gz`. */
  readonly blobs: Map<string, Buffer>;
  /** Sets the user data of the machine. */
  describe(facts: unknown): void;
  stop(): Promise<void>;
}

/** Starts the services. A token is valid only for the resource that it was asked for. */
export async function startFakeAzure(): Promise<FakeAzure> {
  const secrets = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  const blocks = new Map<string, Buffer>();
  let facts = '';
  let expires = 4_102_444_800;

  /** Gives a status, or the body of an answer with the status 200. */
  const answer = ({ method, headers }: IncomingMessage, url: URL, body: Buffer): number | string | Buffer => {
    const parameter = (name: string): string => url.searchParams.get(name) ?? '';
    const isFor = (resource: string): boolean => headers.authorization === `Bearer ${tokenFor(resource)}`;
    const [, service, ...rest] = url.pathname.split('/');
    const path = `/${rest.join('/')}`;
    if (service === 'metadata' && headers.metadata === 'true') {
      if (path === '/identity/oauth2/token')
        return JSON.stringify({ access_token: tokenFor(parameter('resource')) });
      if (path === '/instance/compute/userData') return Buffer.from(facts).toString('base64');
    }
    if (service === 'vault' && parameter('api-version') !== '') {
      const value = secrets.get(path.replace('/secrets/', ''));
      if (!isFor('https://vault.azure.net')) return 401;
      return value === undefined
        ? 404
        : JSON.stringify({ value, attributes: { enabled: true, exp: expires } });
    }
    if (service !== 'blobs') return 404;
    if (!isFor('https://storage.azure.com/') || headers['x-ms-version'] === undefined) return 403;
    if (method === 'GET') return blobs.get(path) ?? 404;
    if (parameter('comp') === 'block') {
      blocks.set(`${path}?${parameter('blockid')}`, body);
      return 201;
    }
    if (headers['if-none-match'] === '*' && blobs.has(path)) return 409;
    const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id]) => id);
    blobs.set(path, Buffer.concat(ids.map((id) => blocks.get(`${path}?${id}`) ?? Buffer.from('LOST'))));
    return 201;
  };

  const server = createServer(async (request, response) => {
    const given = answer(request, new URL(request.url ?? '/', 'http://fake'), await buffer(request));
    if (typeof given === 'number') response.writeHead(given).end();
    else response.end(given);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    blobs,
    expireSecrets: (at) => {
      expires = at;
    },
    describe: (given) => {
      facts = JSON.stringify(given);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The token for a resource. Tests look for it in places where it must not be. */
export const tokenFor = (resource: string): string => `token-for-${Buffer.from(resource).toString('hex')}`;

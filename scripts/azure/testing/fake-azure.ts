// For tests: the metadata endpoint, the vault and the storage of Azure on the loopback interface.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the machine may see, and what it did. */
export interface FakeAzure {
  /** Base of all addresses. */
  readonly url: string;
  /** Values of the secrets in the vault by name; change them to rotate. */
  readonly secrets: Map<string, string>;
  /** Blobs by path, e.g. `/bundles/a.tar.gz`; whole ones only. */
  readonly blobs: Map<string, Buffer>;
  /** Sets what the machine's user data is. */
  describe(facts: unknown): void;
  stop(): Promise<void>;
}

const VAULT = 'https://vault.azure.net';
const STORAGE = 'https://storage.azure.com/';

/** Starts it. Tokens are good for the resource that they were asked for, and for nothing else. */
export async function startFakeAzure(): Promise<FakeAzure> {
  const secrets = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  const blocks = new Map<string, Buffer>();
  let facts = '';

  const answers: readonly ((ask: Ask) => Answer | undefined)[] = [
    ({ url, metadata }) =>
      url.pathname === '/metadata/identity/oauth2/token' && metadata
        ? json({ access_token: tokenFor(url.searchParams.get('resource') ?? '') })
        : undefined,
    ({ url, metadata }) =>
      url.pathname === '/metadata/instance/compute/userData' && metadata
        ? { status: 200, body: Buffer.from(Buffer.from(facts).toString('base64')) }
        : undefined,
    ({ url, token }) => {
      const value = secrets.get(url.pathname.replace('/vault/secrets/', ''));
      if (!url.pathname.startsWith('/vault/') || url.searchParams.get('api-version') === null)
        return undefined;
      if (token !== tokenFor(VAULT)) return { status: 401 };
      return value === undefined ? { status: 404 } : json({ value });
    },
    ({ url, method, token, version, body, onlyNew }) => {
      if (!url.pathname.startsWith('/blobs/')) return undefined;
      if (token !== tokenFor(STORAGE) || version === undefined) return { status: 403 };
      const path = url.pathname.slice('/blobs'.length);
      const blob = blobs.get(path);
      if (method === 'GET') return blob ? { status: 200, body: blob } : { status: 404 };
      if (url.searchParams.get('comp') === 'block') {
        blocks.set(`${path}?${url.searchParams.get('blockid')}`, body);
        return { status: 201 };
      }
      if (onlyNew && blob) return { status: 409 };
      const ids = [...body.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id]) => id);
      blobs.set(path, Buffer.concat(ids.map((id) => blocks.get(`${path}?${id}`) ?? Buffer.from('LOST'))));
      return { status: 201 };
    },
  ];

  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const ask: Ask = {
      method: request.method ?? '',
      url: new URL(request.url ?? '/', 'http://fake'),
      metadata: request.headers.metadata === 'true',
      token: request.headers.authorization?.replace('Bearer ', ''),
      version: request.headers['x-ms-version']?.toString(),
      onlyNew: request.headers['if-none-match'] === '*',
      body: Buffer.concat(parts),
    };
    const { status, body } = answers.map((answer) => answer(ask)).find((found) => found) ?? { status: 404 };
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    blobs,
    describe: (given) => {
      facts = JSON.stringify(given);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Tests look for it where it must not be. */
export const tokenFor = (resource: string): string => `token-for-${Buffer.from(resource).toString('hex')}`;

interface Ask {
  readonly method: string;
  readonly url: URL;
  readonly metadata: boolean;
  readonly token: string | undefined;
  readonly version: string | undefined;
  readonly onlyNew: boolean;
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly body?: Buffer;
}

const json = (value: unknown): Answer => ({ status: 200, body: Buffer.from(JSON.stringify(value)) });

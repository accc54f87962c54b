// For tests: a program that stands for Azure's login and metadata, as far as the provider asks before it plans. It knows no
// resource. usage: azure-endpoint.ts KEY CERTIFICATE; prints its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [key = '', certificate = ''] = process.argv.slice(2);

/** Nobody checks who signed it. */
const TOKEN = [
  { alg: 'none', typ: 'JWT' },
  { oid: idOf(2), tid: idOf(1), appid: idOf(3), exp: 4_102_444_800 },
  0,
]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

const SUFFIXES = {
  keyVaultDns: 'vault.azure.net',
  storage: 'core.windows.net',
  sqlServerHostname: 'database.windows.net',
};

const server = createServer(
  { key: readFileSync(key), cert: readFileSync(certificate) },
  ({ url = '' }, response) => {
    const here = `https://localhost:${(server.address() as AddressInfo).port}`;
    const answer = url.startsWith('/metadata/endpoints')
      ? {
          name: 'AzureCloud',
          authentication: {
            loginEndpoint: here,
            audiences: [here],
            tenant: 'common',
            identityProvider: 'AAD',
          },
          microsoftGraphResourceId: here,
          resourceManager: here,
          suffixes: SUFFIXES,
        }
      : url.includes('/oauth2/')
        ? { token_type: 'Bearer', expires_in: 3600, access_token: TOKEN }
        : undefined;
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: { code: 'NotFound', message: url } }));
  },
).listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

function idOf(digit: number): string {
  return [8, 4, 4, 4, 12].map((length) => String(digit).repeat(length)).join('-');
}

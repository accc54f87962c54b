// For tests: a program that stands for Azure's login and metadata, as far as the provider asks before it plans. The only
// resources that it knows are the run commands of machines, and the resource providers of a fresh subscription. usage: azure-endpoint.ts KEY CERTIFICATE FAILING_RUNS; prints its
// port.
import { appendFileSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

const [key = '', certificate = '', failingRuns = ''] = process.argv.slice(2);

/** What was sent for each run command, by its path. */
const commands = new Map<string, Readonly<Record<string, unknown>>>();
let runs = 0;

/** As Azure writes them. */
const RESOURCE_PROVIDERS = [
  ...[
    'Authorization',
    'Compute',
    'Consumption',
    'ContainerService',
    'CostManagement',
    'KeyVault',
    'Maintenance',
  ],
  ...['ManagedIdentity', 'MarketplaceOrdering', 'Network', 'OperationalInsights', 'OperationsManagement'],
  ...['PolicyInsights', 'RecoveryServices', 'Resources', 'Search', 'Sql', 'Storage', 'Web'],
].map((name) => `Microsoft.${name}`);
const registered = new Map([...RESOURCE_PROVIDERS, 'microsoft.insights'].map((name) => [name, false]));

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
  (request, response) => {
    const { url = '' } = request;
    const here = `https://localhost:${(server.address() as AddressInfo).port}`;
    if (/\/(runCommands|runs)\//.test(url)) {
      answerRun(request, response, here);
      return;
    }
    const [, subscriptionPath] = /^\/subscriptions\/[^/]+\/providers(.*?)\?/.exec(url) ?? [];
    const answer =
      subscriptionPath !== undefined
        ? answerProviders(subscriptionPath)
        : url.startsWith('/metadata/endpoints')
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

const fails = (run: number): boolean => failingRuns.split(',').includes(String(run));

/** As Azure does with `treatFailureAsDeploymentFailure`: a failed run stays as a resource, and its operation has failed. */
async function answerRun(request: IncomingMessage, response: ServerResponse, here: string): Promise<void> {
  const { method, url = '' } = request;
  const path = url.split('?')[0] ?? '';
  const body = await text(request);
  const reply = (status: number, answer: unknown, headers: Readonly<Record<string, string>> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '1', ...headers });
    response.end(JSON.stringify(answer));
  };
  if (path.startsWith('/runs/')) {
    const failed = fails(Number(path.slice('/runs/'.length)));
    const error = { code: 'VMExtensionProvisioningError', message: 'the script ended with exit code 1' };
    reply(200, failed ? { status: 'Failed', error } : { status: 'Succeeded' });
  } else if (method === 'PUT') {
    runs += 1;
    const { properties, ...others } = JSON.parse(body);
    const exitCode = fails(runs) ? 1 : 0;
    const instanceView = {
      exitCode,
      executionState: exitCode === 0 ? 'Succeeded' : 'Failed',
      output: 'said',
    };
    const command = { ...others, properties: { ...properties, instanceView } };
    commands.set(path, command);
    reply(201, { id: path, ...command }, { 'azure-asyncoperation': `${here}/runs/${runs}` });
  } else if (method === 'DELETE') {
    commands.delete(path);
    reply(200, {});
  } else if (commands.has(path)) {
    reply(200, { id: path, ...commands.get(path) });
  } else {
    reply(404, { error: { code: 'ResourceNotFound', message: path } });
  }
}

/** All of them, or one by its name, which `/register` after it registers. */
function answerProviders(path: string): unknown {
  const [, name = '', action] = path.split('/');
  const stateOf = (namespace: string) => ({
    namespace,
    registrationState: registered.get(namespace) ? 'Registered' : 'NotRegistered',
  });
  if (name === '') return { value: [...registered.keys()].map(stateOf) };
  if (action === 'register') {
    registered.set(name, true);
    appendFileSync(join(dirname(key), 'registered'), `${name}\n`);
  }
  return stateOf(name);
}

function idOf(digit: number): string {
  return [8, 4, 4, 4, 12].map((length) => String(digit).repeat(length)).join('-');
}

import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { azureToken } from './azure-token';

const BROKER = 'plant.servicebus.windows.net:9093';

type Reply = readonly [status: number, body: string | object];

/** The metadata endpoint of a machine and the token endpoint of a tenant, on one port. */
let server: Server;
let url: string;
let asked: string[];
let replies: Reply[];
let waits: number[];
let folder: string;

beforeEach(async () => {
  asked = [];
  replies = [];
  waits = [];
  folder = temporaryFolder();
  server = createServer(async (request, response) => {
    const { method, url: path, headers } = request;
    const body = await text(request);
    asked.push([method, path, headers.metadata, body].filter(Boolean).join(' '));
    const [status, answer] = replies.shift() ?? [500, 'no reply is left'];
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  removeFolder(folder);
});

const wait = async (milliseconds: number) => waits.push(milliseconds);
const onMachine = (env: Record<string, string> = {}) =>
  azureToken({ broker: BROKER, env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: url, ...env }, wait });

/** As the metadata endpoint answers: every number is a text. */
const fromMachine = (value: string, seconds = 86_400): Reply => [
  200,
  {
    access_token: value,
    expires_in: '86400',
    expires_on: `${Math.floor(Date.now() / 1000) + seconds}`,
    token_type: 'Bearer',
  },
];

describe('the token of a machine', () => {
  const REQUEST =
    'GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fplant.servicebus.windows.net true';

  it('comes from its metadata endpoint and is for the broker', async () => {
    replies = [fromMachine('first')];
    expect(await onMachine()()).toEqual({ value: 'first' });
    expect(asked).toEqual([REQUEST]);
  });

  it('is of the identity that is named, where a machine has several', async () => {
    replies = [fromMachine('first')];
    await onMachine({ AZURE_CLIENT_ID: 'one-of-two' })();
    expect(asked).toEqual([REQUEST.replace(' true', '&client_id=one-of-two true')]);
  });

  it('is asked for once, also by several connections at once, until it is valid for less than five minutes', async () => {
    replies = [fromMachine('first', 301), fromMachine('second', 299), fromMachine('third')];
    const token = onMachine();
    const values = await Promise.all([token(), token(), token()]);
    expect(values).toEqual(Array(3).fill({ value: 'first' }));
    expect(await token()).toEqual({ value: 'first' });
    expect(asked).toHaveLength(1);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 2000);
    expect(await token()).toEqual({ value: 'second' });
    expect(await token()).toEqual({ value: 'third' });
    jest.restoreAllMocks();
  });

  it('is not counted from its issue: the endpoint keeps tokens', async () => {
    replies = [fromMachine('kept', 60), fromMachine('next')];
    const token = onMachine();
    expect([await token(), await token()]).toEqual([{ value: 'kept' }, { value: 'next' }]);
  });

  it('is asked for again, with growing pauses, while the endpoint is busy or being updated', async () => {
    replies = [[404, ''], [429, ''], [500, ''], [410, ''], fromMachine('at last')];
    expect(await onMachine()()).toEqual({ value: 'at last' });
    expect(waits).toEqual([2000, 6000, 14_000, 70_000]);
  });

  it('is given up after five requests, and the next caller begins anew', async () => {
    replies = [...Array(5).fill([503, 'down']), fromMachine('later')];
    const token = onMachine();
    await expect(token()).rejects.toThrow(
      'The metadata endpoint of the machine gave no token in 5 requests (status 503); check that it can be reached',
    );
    expect(await token()).toEqual({ value: 'later' });
  });

  it('is not asked for again after an answer that stays the same', async () => {
    replies = [[400, { error: 'invalid_request', error_description: 'Identity\nnot found' }]];
    await expect(onMachine()()).rejects.toThrow(
      'gave no token (status 400, invalid_request: Identity not found); check that this machine runs on Azure and has a managed identity',
    );
    expect(asked).toHaveLength(1);
  });

  it('is used to its end when there is no other', async () => {
    replies = [fromMachine('old', 200), [400, '']];
    const token = onMachine();
    expect([await token(), await token()]).toEqual([{ value: 'old' }, { value: 'old' }]);
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 201_000);
    replies = [[400, '']];
    await expect(token()).rejects.toThrow('status 400');
    jest.restoreAllMocks();
  });

  it.each([
    ['no JSON', 'hello'],
    ['no token', { expires_in: '60' }],
    ['a token that has expired', { access_token: 'x', expires_on: '1' }],
    ['no date', { access_token: 'x' }],
  ])('is not %s', async (_what, body) => {
    replies = [[200, body]];
    await expect(onMachine()()).rejects.toThrow('answered without a token that is still valid');
  });

  it('says why nothing answers', async () => {
    await new Promise((resolve) => server.close(resolve));
    await expect(onMachine()()).rejects.toThrow(/in 5 requests \(.*ECONNREFUSED 127\.0\.0\.1:\d+\)/);
  });
});

describe('the token of a pod', () => {
  const inPod = (more: Record<string, string | undefined> = {}) => {
    const file = join(folder, 'azure-identity-token');
    writeFileSync(file, 'signed.by.kubernetes\n');
    return azureToken({
      broker: BROKER,
      env: {
        AZURE_CLIENT_ID: 'client',
        AZURE_TENANT_ID: 'tenant',
        AZURE_FEDERATED_TOKEN_FILE: file,
        AZURE_AUTHORITY_HOST: `${url}/`,
        ...more,
      },
      wait,
    });
  };

  it('is exchanged for the one that Kubernetes has signed, which is read anew each time', async () => {
    replies = [
      [200, { access_token: 'first', expires_in: 60 }],
      [200, { access_token: 'second', expires_in: 3600 }],
    ];
    const token = inPod();
    expect(await token()).toEqual({ value: 'first' });
    writeFileSync(join(folder, 'azure-identity-token'), 'signed.again');
    expect(await token()).toEqual({ value: 'second' });
    const bodies = asked.map((request) => {
      const [method, path, body] = request.split(' ');
      expect([method, path]).toEqual(['POST', '/tenant/oauth2/v2.0/token']);
      return Object.fromEntries(new URLSearchParams(body));
    });
    expect(bodies).toEqual(
      ['signed.by.kubernetes', 'signed.again'].map((client_assertion) => ({
        grant_type: 'client_credentials',
        client_id: 'client',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion,
        scope: 'https://plant.servicebus.windows.net/.default',
      })),
    );
  });

  it('is refused for good, without the assertion in the message', async () => {
    replies = [[404, { error: 'invalid_tenant', error_description: 'AADSTS90002' }]];
    const refused = inPod()();
    await expect(refused).rejects.toThrow(
      'Microsoft Entra ID gave no token (status 404, invalid_tenant: AADSTS90002); check that identity client has a federated credential',
    );
    await expect(refused).rejects.not.toThrow('signed.by');
    expect(asked).toHaveLength(1);
  });

  it('goes to no address that the endpoint names', async () => {
    server.prependListener('request', (_request, response) =>
      response.setHeader('location', `${url}/elsewhere`),
    );
    replies = [[307, '']];
    await expect(inPod()()).rejects.toThrow('status 307');
    expect(asked).toHaveLength(1);
  });

  it.each(['AZURE_CLIENT_ID', 'AZURE_TENANT_ID'])('needs %s', (name) => {
    expect(() => inPod({ [name]: '' })).toThrow(`${name} is not set, although AZURE_FEDERATED_TOKEN_FILE is`);
  });

  it('needs a file with something in it', async () => {
    await expect(inPod({ AZURE_FEDERATED_TOKEN_FILE: join(folder, 'none') })()).rejects.toThrow(
      /AZURE_FEDERATED_TOKEN_FILE cannot be read: ENOENT/,
    );
    const token = inPod();
    writeFileSync(join(folder, 'azure-identity-token'), '\n');
    await expect(token()).rejects.toThrow('AZURE_FEDERATED_TOKEN_FILE is empty');
  });
});

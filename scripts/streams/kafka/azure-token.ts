// OAuth tokens for brokers that know Azure identities, such as the Kafka endpoint of Azure Event Hubs. It takes two
// kinds of requests; Microsoft's library for them brings forty packages, and its new versions need Node 22.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, UsageError } from '../../../db/core/errors';

type Fetch = typeof globalThis.fetch;

export interface AzureTokenProps {
  /** `host:port` of a broker. Its host is what the token is for. */
  readonly broker: string;
  /** As in `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly fetch?: Fetch;
  /** Waits before a request is repeated. Tests do not want to. */
  readonly wait?: (milliseconds: number) => Promise<unknown>;
}

/** What a login to a broker needs, as `oauthBearerProvider` of kafkajs returns it. */
export interface BearerToken {
  readonly value: string;
}

/**
 * Makes the function that gives the token. It asks for one at most once at a time, and for another one when the last is
 * valid for less than five minutes. The identity is that of a pod when `AZURE_FEDERATED_TOKEN_FILE` is set (workload
 * identity), else that of the machine, whose metadata endpoint `AZURE_POD_IDENTITY_AUTHORITY_HOST` can move.
 * @throws UsageError from that function when there is no token to be had: the request is wrong, or was repeated in vain
 */
export function azureToken({
  broker,
  env,
  fetch = globalThis.fetch,
  wait = sleep,
}: AzureTokenProps): () => Promise<BearerToken> {
  const audience = `https://${broker.replace(/:\d+$/, '')}`;
  const source = env.AZURE_FEDERATED_TOKEN_FILE ? podIdentity(audience, env) : machineIdentity(audience, env);
  let known: Token | undefined;
  let asking: Promise<Token> | undefined;
  return async () => {
    if (known !== undefined && known.validUntil - Date.now() > RENEW_MS) return { value: known.value };
    asking ??= ask(source, fetch, wait).finally(() => {
      asking = undefined;
    });
    try {
      known = await asking;
    } catch (error) {
      // An outage that is shorter than the rest of the token's life goes by unnoticed.
      if (known === undefined || known.validUntil <= Date.now()) throw error;
    }
    return { value: known.value };
  };
}

const RENEW_MS = 5 * 60_000;

interface Token {
  readonly value: string;
  /** In milliseconds since 1970. */
  readonly validUntil: number;
}

/** Where tokens come from. */
interface Source {
  readonly name: string;
  readonly request: () => Promise<readonly [url: string, init: RequestInit]>;
  /** Whether an answer of this status is worth another request. */
  readonly isTransient: (status: number) => boolean;
  /** What to look at when the request is refused. */
  readonly check: string;
}

function podIdentity(audience: string, env: AzureTokenProps['env']): Source {
  const given = (name: string): string => {
    const value = env[name];
    if (!value)
      throw new UsageError(
        `${name} is not set, although AZURE_FEDERATED_TOKEN_FILE is. The workload identity of a pod needs both: annotate its service account with azure.workload.identity/client-id, or unset AZURE_FEDERATED_TOKEN_FILE`,
      );
    return value;
  };
  const file = given('AZURE_FEDERATED_TOKEN_FILE');
  const client = given('AZURE_CLIENT_ID');
  const tenant = given('AZURE_TENANT_ID');
  const authority = env.AZURE_AUTHORITY_HOST || 'https://login.microsoftonline.com';
  return {
    name: 'Microsoft Entra ID',
    request: async () => {
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        // Read each time, because Kubernetes replaces it every hour.
        client_assertion: await assertion(file),
        scope: `${audience}/.default`,
      });
      return [`${authority.replace(/\/+$/, '')}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body: form }];
    },
    isTransient: (status) => status === 408 || status === 429 || status >= 500,
    check: `check that identity ${client} has a federated credential for this service account`,
  };
}

async function assertion(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`AZURE_FEDERATED_TOKEN_FILE cannot be read: ${messageOf(error)}`);
  });
  if (text.trim() === '') throw new UsageError(`AZURE_FEDERATED_TOKEN_FILE is empty: ${file}`);
  return text.trim();
}

function machineIdentity(audience: string, env: AzureTokenProps['env']): Source {
  const host = env.AZURE_POD_IDENTITY_AUTHORITY_HOST || 'http://169.254.169.254';
  const url = new URL('/metadata/identity/oauth2/token', host);
  url.searchParams.set('api-version', '2018-02-01');
  url.searchParams.set('resource', audience);
  // Chooses one of several identities of a machine.
  if (env.AZURE_CLIENT_ID) url.searchParams.set('client_id', env.AZURE_CLIENT_ID);
  return {
    name: 'The metadata endpoint of the machine',
    request: async () => [url.href, { headers: { Metadata: 'true' } }],
    // While the endpoint is being updated, it answers 404 or 410.
    isTransient: (status) => [404, 408, 410, 429].includes(status) || status >= 500,
    check: 'check that this machine runs on Azure and has a managed identity',
  };
}

/** Before each request, in milliseconds: what Microsoft recommends for the metadata endpoint. */
const PAUSES = [0, 2000, 6000, 14_000, 30_000];

/** The endpoint says with status 410 that it is being updated, which takes up to 70 seconds. */
const UPDATE_MS = 70_000;

async function ask(
  source: Source,
  fetch: Fetch,
  wait: (milliseconds: number) => Promise<unknown>,
): Promise<Token> {
  let reason = '';
  let isUpdating = false;
  for (const pause of PAUSES) {
    if (pause > 0) await wait(isUpdating ? UPDATE_MS : pause);
    const [url, init] = await source.request();
    const answer = await exchange(fetch, url, init);
    if (answer.status === 200) return tokenIn(answer.text, source);
    reason = answer.reason;
    isUpdating = answer.status === 410;
    if (answer.status !== undefined && !source.isTransient(answer.status))
      throw new UsageError(`${source.name} gave no token (${reason}); ${source.check}`);
  }
  throw new UsageError(
    `${source.name} gave no token in ${PAUSES.length} requests (${reason}); check that it can be reached`,
  );
}

interface Answer {
  /** Missing when nothing answered. */
  readonly status: number | undefined;
  readonly text: string;
  /** What went wrong, if anything did. */
  readonly reason: string;
}

async function exchange(fetch: Fetch, url: string, init: RequestInit): Promise<Answer> {
  try {
    // A redirect would take the assertion elsewhere.
    const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    return { status: answer.status, text, reason: `status ${answer.status}${detailsIn(text)}` };
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    return { status: undefined, text: '', reason: messageOf(cause ?? error) };
  }
}

/** What an answer without a token says. */
function detailsIn(text: string): string {
  const { error, error_description: description } = fieldsOf(text);
  const details = [error, description].filter((part) => typeof part === 'string').join(': ');
  return details === '' ? '' : `, ${details.replace(/\s+/g, ' ').slice(0, 300)}`;
}

function tokenIn(text: string, { name }: Source): Token {
  const { access_token: value, expires_in: seconds, expires_on: moment } = fieldsOf(text);
  // The metadata endpoint keeps tokens and counts `expires_in` from their issue, but it also gives the moment. Both are texts there.
  const validUntil = moment === undefined ? Date.now() + Number(seconds) * 1000 : Number(moment) * 1000;
  if (typeof value !== 'string' || value === '' || !(validUntil > Date.now()))
    throw new UsageError(`${name} answered without a token that is still valid`);
  return { value, validUntil };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(text);
    return typeof fields === 'object' && fields !== null ? { ...fields } : {};
  } catch {
    return {};
  }
}

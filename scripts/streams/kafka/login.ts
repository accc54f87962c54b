// How clients log in to brokers of Kafka.
import type { Environment } from '../../../db/core/settings';
import { readSecret, readSecretFile } from '../secret';
import { azureToken } from './azure-token';

/** Ways to log in to a broker. */
export const SASL_MECHANISMS = [
  'none',
  'plain',
  'scram-sha-256',
  'scram-sha-512',
  'oauthbearer',
  'azure',
] as const;

/** How a client logs in. The functions read their file anew each time, so that a rotated secret needs no restart. */
export type Login =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: () => string;
    }
  | { readonly kind: 'oauthbearer'; readonly token: () => string }
  | { readonly kind: 'azure'; readonly token: () => Promise<string> };

/** Whether the login would let a listener on the way read a secret. */
export const sendsSecret = ({ kind }: Login): boolean =>
  kind === 'plain' || kind === 'oauthbearer' || kind === 'azure';

/** Reads the settings of the login. Faults are added to the list and never show a secret. */
export function readLogin(
  env: Environment,
  kind: (typeof SASL_MECHANISMS)[number],
  brokers: readonly string[],
  faults: string[],
): Login {
  const given = ['USERNAME', 'PASSWORD', 'PASSWORD_FILE', 'TOKEN_FILE']
    .map((part) => `TSDB_KAFKA_${part}`)
    .filter((name) => env[name]);
  const takes = (names: readonly string[]): void => {
    const odd = given.filter((name) => !names.includes(name));
    if (odd.length > 0)
      faults.push(
        `TSDB_KAFKA_SASL is ${kind}, which does not take ${odd.join(' and ')}: set another way to log in`,
      );
  };
  if (kind === 'none') {
    takes([]);
    return { kind };
  }
  if (kind === 'azure') {
    takes([]);
    const token = azureToken({ broker: brokers[0] ?? '', env });
    return { kind, token: async () => (await token()).value };
  }
  if (kind === 'oauthbearer') {
    takes(['TSDB_KAFKA_TOKEN_FILE']);
    const name = 'TSDB_KAFKA_TOKEN_FILE';
    return { kind, token: readSecretFile(env, name, faults) ?? missing(name, kind, faults) };
  }
  takes(['TSDB_KAFKA_USERNAME', 'TSDB_KAFKA_PASSWORD', 'TSDB_KAFKA_PASSWORD_FILE']);
  const username = env.TSDB_KAFKA_USERNAME ?? '';
  if (username === '') faults.push(`TSDB_KAFKA_USERNAME is not set, and TSDB_KAFKA_SASL=${kind} needs it`);
  const password =
    readSecret(env, 'TSDB_KAFKA_PASSWORD', faults) ?? missing('TSDB_KAFKA_PASSWORD_FILE', kind, faults);
  return { kind, username, password };
}

function missing(name: string, kind: Login['kind'], faults: string[]): () => string {
  faults.push(`${name} is not set, and TSDB_KAFKA_SASL=${kind} needs it`);
  return () => '';
}

// The settings of the schema registry: environment → where it is, and how to log in.
import { isLoopback } from '../../../api/access/loopback';
import type { RegistryOptions } from '../../../api/streams/schema-registry';
import type { Environment, Setting } from '../../../db/core/settings';
import { readSecret } from '../secret';

export const registrySettings: readonly Setting[] = [
  {
    name: 'TSDB_SCHEMA_REGISTRY',
    default: '',
    meaning:
      'address of the registry with the schemas of Avro and Protobuf: `https://registry:8081`; streams of JSON need none',
  },
  {
    name: 'TSDB_SCHEMA_REGISTRY_USERNAME',
    default: '',
    meaning: 'user name at the registry; empty = no login',
  },
  { name: 'TSDB_SCHEMA_REGISTRY_PASSWORD', default: '', meaning: 'password at the registry' },
  {
    name: 'TSDB_SCHEMA_REGISTRY_PASSWORD_FILE',
    default: '',
    meaning:
      'file that contains this password, read again at each request; use it instead of `TSDB_SCHEMA_REGISTRY_PASSWORD`',
  },
];

/** Reads them; undefined without a registry. Faults are added to the list and never show a secret. */
export function readRegistry(env: Environment, faults: string[]): RegistryOptions | undefined {
  const url = env.TSDB_SCHEMA_REGISTRY || undefined;
  const login = readLogin(env, faults);
  if (url === undefined) {
    if (login !== undefined) faults.push('TSDB_SCHEMA_REGISTRY is not set, and its user name or password is');
    return undefined;
  }
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol))
    faults.push('TSDB_SCHEMA_REGISTRY must be an address such as https://registry:8081');
  else if (address.username !== '' || address.password !== '')
    faults.push(
      'TSDB_SCHEMA_REGISTRY must not contain a login; set TSDB_SCHEMA_REGISTRY_USERNAME and its password',
    );
  else if (login !== undefined && address.protocol === 'http:' && !isLoopback(address.hostname))
    faults.push(
      'TSDB_SCHEMA_REGISTRY has a login, which is sent as it is, so its address must begin with https',
    );
  return { url, ...(login === undefined ? {} : { login }) };
}

function readLogin(env: Environment, faults: string[]): RegistryOptions['login'] {
  const username = env.TSDB_SCHEMA_REGISTRY_USERNAME ?? '';
  const password = readSecret(env, 'TSDB_SCHEMA_REGISTRY_PASSWORD', faults);
  if (username === '' && password === undefined) return undefined;
  if (username === '') faults.push('TSDB_SCHEMA_REGISTRY_USERNAME is not set, and a password is');
  if (password === undefined)
    faults.push(
      'TSDB_SCHEMA_REGISTRY_USERNAME is set, and no password: set TSDB_SCHEMA_REGISTRY_PASSWORD or its file',
    );
  return { username, password: password ?? (() => '') };
}

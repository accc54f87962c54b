// Reads the address of the database from the environment: one URL, or its parts. The password can come from a file.
import { readFileSync } from 'node:fs';
import { messageOf } from '../core/errors';
import type { Environment, Setting } from '../core/settings';
import { type Host, splitHosts, splitUrl } from './hosts';

/** An address that pg takes. */
export type DatabaseAddress = (
  | { readonly connectionString: string }
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
      readonly password?: string;
      /** The file with the password. A long-running process reads it again for each connection. */
      readonly passwordFile?: string;
    }
) & {
  /** Further hosts: the database is on the first one that takes writes. */
  readonly otherHosts?: readonly Host[];
};

/** The settings that name the database. */
export const databaseSettings: readonly Setting[] = [
  {
    name: 'DATABASE_URL',
    default: '',
    meaning:
      'address of the database, `postgres://user:password@host:5432/name`; overrides the `PG…` variables. Of several hosts (`a:5432,b:5432`), the one that takes writes is used',
  },
  { name: 'PGHOST', default: '', meaning: 'host of the database, used when `DATABASE_URL` is not set' },
  { name: 'PGPORT', default: '5432', meaning: 'port of the database' },
  { name: 'PGUSER', default: 'postgres', meaning: 'user of the database' },
  { name: 'PGDATABASE', default: 'tsdb', meaning: 'name of the database' },
  { name: 'PGPASSWORD', default: '', meaning: 'password of the database user' },
  {
    name: 'PGPASSWORD_FILE',
    default: '',
    meaning: 'file that contains the password; use it instead of `PGPASSWORD`',
  },
];

/**
 * Reads the address; undefined when the environment names no database. An empty value counts as not set.
 * Faults are added to the list and never show a password.
 */
export function readDatabaseAddress(
  env: Environment,
  faults: string[],
  readFile = (path: string) => readFileSync(path, 'utf8'),
): DatabaseAddress | undefined {
  const url = env.DATABASE_URL;
  if (url) {
    const { url: first, others } = splitUrl(url);
    checkHosts('DATABASE_URL', others, faults);
    return Object.freeze({
      connectionString: checkedUrl(first, faults),
      ...(others.length > 0 && { otherHosts: others }),
    });
  }
  const host = env.PGHOST;
  if (!host) return undefined;
  const [first, ...others] = splitHosts(host, env.PGPORT || '5432');
  const port = first?.port ?? 5432;
  if (!/^\d{1,5}(,\d{1,5})*$/.test(env.PGPORT || '5432') || port < 1 || port > 65_535) {
    faults.push(`PGPORT must be a whole number from 1 to 65535, got "${env.PGPORT}"`);
  }
  checkHosts('PGHOST and PGPORT', others, faults);
  const password = readPassword(env, faults, readFile);
  return Object.freeze({
    host: first?.host ?? host,
    port,
    user: env.PGUSER || 'postgres',
    database: env.PGDATABASE || 'tsdb',
    ...(password === undefined ? {} : { password }),
    ...(env.PGPASSWORD_FILE ? { passwordFile: env.PGPASSWORD_FILE } : {}),
    ...(others.length > 0 && { otherHosts: others }),
  });
}

function checkHosts(names: string, hosts: readonly Host[], faults: string[]): void {
  if (
    hosts.every(
      ({ host, port }) =>
        host !== '' && !/[\s:]/.test(host.replace(/^\[.*\]$/, '')) && port >= 1 && port <= 65_535,
    )
  )
    return;
  faults.push(`${names}: each of several hosts needs a name, and a port from 1 to 65535 if it has one`);
}

function checkedUrl(url: string, faults: string[]): string {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    faults.push(
      'DATABASE_URL is not a URL like postgres://user:password@host:5432/name (special characters as %XX)',
    );
  }
  return url;
}

function readPassword(
  env: Environment,
  faults: string[],
  readFile: (path: string) => string,
): string | undefined {
  const path = env.PGPASSWORD_FILE;
  if (!path) return env.PGPASSWORD || undefined;
  if (env.PGPASSWORD) faults.push('PGPASSWORD and PGPASSWORD_FILE are both set; keep one');
  try {
    const password = passwordIn(readFile(path));
    if (password === '') faults.push(`PGPASSWORD_FILE: ${path} is empty`);
    return password;
  } catch (error) {
    faults.push(`PGPASSWORD_FILE cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

/** The present content of a password file. @throws Error when it cannot be read. */
export function readPasswordFile(path: string): string {
  return passwordIn(readFileSync(path, 'utf8'));
}

// Editors and `echo` add a line break at the end, which is not part of the password.
const passwordIn = (text: string): string => text.replace(/\r?\n$/, '');

/** The address at each of its hosts, in their order. */
export function addressesOf(address: DatabaseAddress): readonly DatabaseAddress[] {
  const { otherHosts = [], ...first } = address;
  return [first, ...otherHosts.map((other) => atHost(first, other))];
}

function atHost(address: DatabaseAddress, { host, port }: Host): DatabaseAddress {
  if (!('connectionString' in address)) return { ...address, host, port };
  const url = new URL(address.connectionString);
  url.host = `${host}:${port}`;
  return { connectionString: url.href };
}

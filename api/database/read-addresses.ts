// Reads the addresses of standbys from the environment.
import { messageOf } from '../../db/core/errors';
import type { DatabaseAddress } from '../../db/server/database-address';
import type { NamedAddress } from './standbys';

/**
 * The addresses in a list of URLs. What a URL leaves out (user, password, database, parameters) is as in the address of the primary.
 * Faults are added to the list and never show a password.
 */
export function readAddresses(
  text: string,
  primary: DatabaseAddress,
  faults: string[],
): readonly NamedAddress[] {
  const urls = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return urls.flatMap((url, at) => {
    try {
      return addressOf(url, primary);
    } catch (error) {
      faults.push(`TSDB_READ_URLS: address ${at + 1} ${messageOf(error)}`);
      return [];
    }
  });
}

function addressOf(text: string, address: DatabaseAddress): NamedAddress {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text) || new URL(text).hostname === '')
    throw new Error(
      'is not a URL like postgres://user:password@standby:5432/name (special characters as %XX, also a comma)',
    );
  const url = new URL(text);
  const name = `${url.hostname}:${url.port || '5432'}`;
  const { otherHosts: _, ...primary } = address;
  if ('connectionString' in primary) {
    const of = new URL(primary.connectionString);
    if (url.username === '') url.username = of.username;
    if (url.password === '' && url.username === of.username) url.password = of.password;
    if (url.pathname.length <= 1) url.pathname = of.pathname;
    if (url.search === '') url.search = of.search;
    return { name, address: { connectionString: url.href } };
  }
  if (url.username !== '' && url.password !== '') {
    if (url.pathname.length <= 1) url.pathname = `/${encodeURIComponent(primary.database)}`;
    return { name, address: { connectionString: url.href } };
  }
  if (url.search !== '' || url.username !== '')
    throw new Error(
      'needs a user and a password, or neither of them and no parameters: then those of the PG… variables are used',
    );
  const database = decodeURIComponent(url.pathname.slice(1)) || primary.database;
  // Brackets belong to the URL and not to an IPv6 address.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { name, address: { ...primary, host, port: Number(url.port || 5432), database } };
}

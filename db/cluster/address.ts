// The address of a node: HOST:PORT, as people write it.
import { UsageError } from '../core/errors';

/** Where the nodes of a cluster reach one another. The host may also be the folder of a socket. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `db2.example:5432`, `10.0.0.5:5432` or `[fd00::5]:5432`.
 * @throws UsageError when it is none.
 */
export function readAddress(text: string): NodeAddress {
  const { host, inner, port } =
    /^(?:\[(?<inner>[^\]]+)\]|(?<host>[^:\s[\]]+)):(?<port>\d{1,5})$/.exec(text)?.groups ?? {};
  const address = { host: inner ?? host ?? '', port: Number(port) };
  if (address.host !== '' && address.port >= 1 && address.port <= 65_535) return address;
  throw new UsageError(
    `"${text}" is not the address of a node; write HOST:PORT, for example db2.example:5432 or [fd00::5]:5432`,
  );
}

/** The same as text. */
export const addressText = ({ host, port }: NodeAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Whether two addresses are written in the same way; Citus compares them so too. */
export const isSame = (a: NodeAddress, b: NodeAddress): boolean => a.host === b.host && a.port === b.port;

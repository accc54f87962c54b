// IPv4 networks, and the address that no pod may reach (pure).

/** Where clouds hand out the identity of a node. */
export const METADATA_SERVICE = '169.254.169.254';

/** Whether an IPv4 network such as `10.0.0.0/8` contains an address. A network that is none contains nothing. */
export function containsAddress(network: string, address: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const numberOf = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(numberOf(base) / size) === Math.floor(numberOf(address) / size);
}

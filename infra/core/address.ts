// Addresses of brokers and registries as settings write them (pure).

/** Ports of addresses that name none. */
const USUAL_PORTS: Readonly<Record<string, number>> = {
  'http:': 80,
  'https:': 443,
  'mqtt:': 1883,
  'mqtts:': 8883,
  'ws:': 80,
  'wss:': 443,
};

/** Where a server listens; port 0 when neither the text nor its protocol says it. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @param text `https://registry.example.org` or `kafka:9093` */
export function addressOf(text: string): Address {
  const { protocol, hostname, port: given } = new URL(text.includes('://') ? text : `tcp://${text}`);
  return { host: hostname.toLowerCase(), port: given === '' ? (USUAL_PORTS[protocol] ?? 0) : Number(given) };
}

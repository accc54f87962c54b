// Reads lists of hosts: the database is on the one that takes writes, and after a failover on another one.

/** A host of the database. */
export interface Host {
  readonly host: string;
  readonly port: number;
}

const HOSTS = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^/?#@]+)(.*)$/;

/** Takes the further hosts out of a URL such as `postgres://user:password@a:5432,b:5432/name`. */
export function splitUrl(url: string): { readonly url: string; readonly others: readonly Host[] } {
  const [, before = '', hosts = '', after = ''] = HOSTS.exec(url) ?? [];
  const [first, ...others] = hosts.split(',');
  if (others.length === 0) return { url, others: [] };
  return { url: `${before}${first}${after}`, others: others.map((text) => hostOf(text, 5432)) };
}

/** `a,b` with the ports `5432` or `5432,5433`, as libpq reads them. */
export function splitHosts(hosts: string, ports: string): readonly Host[] {
  const portOf = (at: number): number => Number(ports.split(',')[at] || ports.split(',')[0]);
  return hosts.split(',').map((host, at) => ({ host: host.trim(), port: portOf(at) }));
}

function hostOf(text: string, fallback: number): Host {
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host, port: port === undefined ? fallback : Number(port) };
}

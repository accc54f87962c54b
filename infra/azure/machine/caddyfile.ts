// Caddy's configuration: TLS in front of the API (pure).

import type { ReleaseProps } from './release-props';

/** The name that stands in where a deployment has none; clients by address get its certificate. */
export const NAMELESS = 'tsdb.internal';

/**
 * The Caddyfile. It imports `upstream.caddy` from beside it, which a rollout writes.
 * With `internal`, the root certificate is at /srv/tsdb/caddy/data/caddy/pki/authorities/local/root.crt.
 */
export function caddyfile({ hostName, tls }: Pick<ReleaseProps, 'hostName' | 'tls'>): string {
  const name = hostName === '' ? NAMELESS : hostName;
  const internal = tls === 'internal';
  return `{
	admin localhost:2019
	# Port 80 is closed: there is nobody to redirect, and the authority asks on port 443.
	auto_https disable_redirects
	default_sni ${name}
	grace_period 30s
	persist_config off
	skip_install_trust
}

https://${name}${internal ? ', https://' : ''} {
	${internal ? 'tls internal' : 'header Strict-Transport-Security max-age=31536000'}
	import upstream.caddy
}
`;
}

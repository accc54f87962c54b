// Caddy's configuration: TLS in front of the two places of the API (pure).
import { API_PORT } from '../../core/names';
import type { ReleaseProps } from './release-props';

/** Host name of a deployment that has none. Clients that connect by address get a certificate for it. */
export const NAMELESS = 'tsdb.internal';

/** The two services of the compose file that can run the API: one serves, the other is empty until the next release. */
export const API_PLACES = ['api-blue', 'api-green'] as const;

export type ApiPlace = (typeof API_PLACES)[number];

/**
 * The Caddyfile. It names both places, and Caddy itself checks which of them is ready. So a release needs no reload,
 * which would drop connections that are being opened. With `internal`, the root certificate is at
 * /srv/tsdb/caddy/data/caddy/pki/authorities/local/root.crt.
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
	log default {
		# One place is nearly always empty, and each look at it would be a line.
		exclude http.handlers.reverse_proxy.health_checker.active
	}
	persist_config off
	skip_install_trust
}

https://${name}${internal ? ', https://' : ''} {
	${internal ? 'tls internal' : 'header Strict-Transport-Security max-age=31536000'}
	reverse_proxy ${API_PLACES.map((place) => `${place}:${API_PORT}`).join(' ')} {
		lb_policy first
		# A place that ends says so for two seconds before it closes its port, which is several looks.
		health_uri /health/ready
		health_interval 500ms
		health_timeout 2s
		# Nothing was sent yet to a place that cannot be reached, so the request may wait for one that can.
		lb_try_duration 10s
		lb_try_interval 100ms
	}
	handle_errors 502 503 504 {
		header Content-Type application/problem+json
		header Retry-After 5
		respond \`{"type":"about:blank","title":"{err.status_text}","status":{err.status_code},"detail":"the API cannot be reached; try again"}\`
	}
}
`;
}

// PgBouncer in the compose file. Each place of the API has its own, which lives as long as the API there: so a release ends
// no connection that the previous one still uses, and each has the password of its own API.
import { posix } from 'node:path';
import { POOLER_COMMAND, POOLER_FILES, POOLER_READY } from '../../../core/pooler';
import { POOLER_MIB } from '../../../core/pooler-sizes';
import type { ApiPlace } from '../caddyfile';
import type { PoolerProps } from '../release-props';
import { APP_USER, bind, HARDENED, secret } from './service-parts';

/** Folder of the bundle with its configuration. */
export const POOLER_FOLDER = 'pooler';

/** `pooler-blue` for `api-blue`; release/pooler.sh does the same. */
export const poolerOf = (place: ApiPlace): string => place.replace('api-', 'pooler-');

/** Nothing but the network of the database leads to it. */
export function poolerService({ image }: PoolerProps) {
  return {
    ...HARDENED,
    image,
    // Instead of that of the image, which has another place for the configuration.
    entrypoint: [...POOLER_COMMAND],
    command: [],
    user: APP_USER,
    environment: {},
    networks: ['data'],
    // The time that its clients may use a connection. It ends at once when none of them is left.
    stop_grace_period: '90s',
    mem_limit: `${POOLER_MIB}m`,
    tmpfs: [...HARDENED.tmpfs, `${posix.dirname(POOLER_FILES.users)}:size=1m,mode=1777`],
    volumes: [
      bind(`./${POOLER_FOLDER}`, posix.dirname(POOLER_FILES.configuration), 'read-only'),
      secret('app', POOLER_FILES.password),
    ],
    healthcheck: { test: ['CMD', ...POOLER_READY], interval: '2s', timeout: '5s', retries: 30 },
  };
}

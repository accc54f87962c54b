// For tests: commands that start npm's PostgreSQL, although their program lies outside of the checkout.
import { join } from 'node:path';
import { ROOT } from './command-line';

/** Settings of a command that chooses the server which npm has installed; the package is looked for in the checkout, too. */
export const NPM_SERVER = { TSDB_LOCAL_SERVER: 'embedded', NODE_PATH: join(ROOT, 'node_modules') } as const;

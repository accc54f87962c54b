// tsdb serve: the API process.
import { readConfig } from '../../api/config';
import { startServer } from '../../api/server';
import { invocation } from '../../db/core/invocation';
import type { Environment } from '../../db/core/settings';
import { runningServer } from '../../db/local/lock';
import { processEnvironment } from '../../db/server/config';
import { dataFolder } from '../context';
import { note } from '../output';

/** What is not given is read from `HOST` and `PORT`. */
export interface ServeFlags {
  readonly host?: string;
  readonly port?: number;
}

/** Serves the database of the environment, else that of the local platform, until a stop signal. */
export async function serve({ host, port }: ServeFlags): Promise<number> {
  const env: Environment = {
    ...processEnvironment(),
    ...(host === undefined ? {} : { HOST: host }),
    ...(port === undefined ? {} : { PORT: String(port) }),
  };
  const local = env.DATABASE_URL || env.PGHOST ? undefined : runningServer(dataFolder(env));
  const config = readConfig(local === undefined ? env : { ...env, DATABASE_URL: local });
  const server = await startServer(config);
  note(`page and API: ${server.url}`);
  if (config.auth === 'keys') note(`requests need a key; "${invocation('keys create')}" creates one`);
  await server.closed;
  return 0;
}

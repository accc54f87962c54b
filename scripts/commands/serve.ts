// tsdb serve: the API process.
import { readConfig } from '../../api/config';
import { startServer } from '../../api/server';
import { runningServer } from '../../db/local/lock';
import { processEnvironment } from '../../db/server/config';
import { dataFolder } from '../context';
import { note } from '../output';

/** Serves the database of the environment, else that of the local platform, until SIGTERM or SIGINT. */
export async function serve(): Promise<number> {
  const env = processEnvironment();
  const local = env.DATABASE_URL || env.PGHOST ? undefined : runningServer(dataFolder(env));
  const config = readConfig(local === undefined ? env : { ...env, DATABASE_URL: local });
  const server = await startServer(config);
  note(`page and API: ${server.url}`);
  if (config.auth === 'keys') note('requests need a key; "tsdb keys create" makes one');
  await server.closed;
  return 0;
}

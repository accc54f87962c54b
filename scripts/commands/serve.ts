// tsdb serve: the API process.
import { readConfig } from '../../api/config';
import { startServer } from '../../api/server';
import { note } from '../output';

/** Serves until SIGTERM or SIGINT. */
export async function serve(): Promise<number> {
  const server = await startServer(readConfig());
  note(`page and API: ${server.url}`);
  await server.closed;
  return 0;
}

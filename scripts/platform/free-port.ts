// Whether the port of the platform is free.
import { createServer } from 'node:net';
import { UsageError } from '../../db/core/errors';

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Looks before anything is started: a taken port should cost nobody a server start.
 * @throws UsageError when nothing can listen there.
 */
export async function requireFreePort({ host, port }: Address): Promise<void> {
  const probe = createServer();
  await new Promise<void>((done, fail) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        new UsageError(
          error.code === 'EADDRINUSE'
            ? `port ${port} on ${host} is in use; stop the other program, or choose another port with --port`
            : `cannot listen on ${host}:${port}: ${error.message}`,
          { cause: error },
        ),
      ),
    );
    probe.listen(port, host, () => probe.close(() => done()));
  });
}

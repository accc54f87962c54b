// Starts the API from the environment: `npx tsx api/main.ts`.
import { TsdbError } from '../db/core/errors';
import { readConfig } from './config';
import { startServer } from './server';

async function main(): Promise<void> {
  const server = await startServer(readConfig());
  process.stderr.write(`API and page: ${server.url}\n`);
  await server.closed;
}

if (require.main === module) {
  main().then(
    // A query that ignores its time limit must not keep the process.
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(
        `${error instanceof TsdbError ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
      );
      process.exit(error instanceof TsdbError ? error.exitCode : 1);
    },
  );
}

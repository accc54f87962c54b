// The servers of a test run: one that runs already, and those that are started in throw-away folders.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors';
import type { Env } from './binaries';
import { LocalServerError } from './errors';
import { type ServerFacts, serverFacts } from './server-facts';
import { forcedChoice } from './servers';
import type { TestServer } from './test-servers';

/** A server that tests may use now. */
export interface StartedServer {
  readonly server: TestServer;
  stop(): Promise<void>;
}

/** The server of DATABASE_URL. */
export interface GivenServer {
  readonly url: string;
  readonly facts: ServerFacts;
}

/** The names of the folders of test runs begin with this. */
export const PREFIX = 'tsdb-test-';

/** The server of DATABASE_URL; undefined when none is given, or when TSDB_LOCAL_SERVER says otherwise. */
export async function givenServer(env: Env): Promise<GivenServer | undefined> {
  const url = env.DATABASE_URL;
  if (forcedChoice(env) !== undefined || !url) return undefined;
  try {
    return { url, facts: await serverFacts(url) };
  } catch (error) {
    throw new LocalServerError(
      `the server of DATABASE_URL does not answer: ${messageOf(error)}; start it, or unset DATABASE_URL`,
      { cause: error },
    );
  }
}

/** Starts servers in a new folder, which is removed when they have stopped. */
export async function inFolder(
  parent: string,
  engine: TestServer['engine'],
  start: (folder: string) => Promise<StartedServer>,
): Promise<StartedServer> {
  const folder = mkdtempSync(join(parent, `${PREFIX}${engine}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    chmodSync(folder, 0o755); // the user of the servers passes through it to folders of its own
    const { server, stop } = await start(folder);
    return {
      server,
      stop: async () => {
        await stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

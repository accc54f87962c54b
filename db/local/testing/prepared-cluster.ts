// A cluster that was created and stopped once, for tests about something else than its creation, which takes seconds.
import { cpSync } from 'node:fs';
import { embeddedBinaries } from '../binaries';
import { startCluster } from '../cluster';
import { removeFolder, temporaryFolder } from './places';

export interface PreparedCluster {
  /** Its own folder, for tests that start it and change nothing. */
  readonly folder: string;
  /** Makes the folder one of a stopped cluster, with the embedded server's data. */
  copyTo(folder: string): void;
  remove(): void;
}

/** Creates it, in a folder of its own. */
export async function prepareCluster(): Promise<PreparedCluster> {
  const folder = temporaryFolder();
  const cluster = await startCluster({ binaries: embeddedBinaries(), folder, durable: false });
  await cluster.stop();
  return {
    folder,
    copyTo: (copy) => cpSync(folder, copy, { recursive: true }),
    remove: () => removeFolder(folder),
  };
}

// A parent process for tests to kill: starts an embedded cluster in a folder, prints its address and waits.
import { embeddedBinaries } from '../binaries';
import { startCluster } from '../cluster';

async function main(folder: string, kind: string): Promise<void> {
  const cluster = await startCluster({ binaries: embeddedBinaries(), folder, durable: kind === 'durable' });
  process.stdout.write(`${cluster.url}\n`);
  setInterval(() => undefined, 60_000);
}

void main(process.argv[2] ?? '', process.argv[3] ?? '');

// For tests: ports for programs that cannot choose one themselves, and that listen some time after it was chosen.
import { randomInt } from 'node:crypto';
import { isPortFree } from '../free-port';

// Below the ports that systems give to whoever connects or listens on port 0. From these one could be taken in the meantime.
const FIRST = 10_240;
const OF_A_WORKER = 900;
const WORKERS = 20;
const MOST_TRIES = 200;

const given = new Set<number>();

/** A port of the loopback address that is free, and that nobody gets by chance: each worker of jest has some of its own. */
export async function quietPort(): Promise<number> {
  const worker = (Number(process.env.JEST_WORKER_ID ?? 1) - 1) % WORKERS;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = FIRST + worker * OF_A_WORKER + randomInt(OF_A_WORKER);
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`no port is free from ${FIRST + worker * OF_A_WORKER} on`);
}

// A child process for tests: applies the set `plant` and kills itself with SIGKILL right after sending its n-th statement
// of a step (transaction control and journal included). Ends with 0 when there were fewer.
import { Client } from 'pg';
import { applySchema } from '../apply';
import { desiredFrom } from '../desired';
import { plant } from './sets';

async function main(url: string, deadly: number): Promise<void> {
  let counting = false;
  let sent = 0;
  const send = Client.prototype.query as (...args: unknown[]) => unknown;
  (Client.prototype as { query: unknown }).query = function (this: Client, ...args: unknown[]) {
    const result = send.apply(this, args);
    if (counting) sent += 1;
    // On the next turn the statement is on its way to the server, and nothing waits for its answer any more.
    if (counting && sent === deadly) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return result;
  };
  await applySchema(url, desiredFrom([plant()]), {
    allow: [],
    lockWaitMs: 10_000,
    onStep: () => {
      counting = true;
    },
  });
}

const [url = '', deadly = ''] = process.argv.slice(2);
main(url, Number(deadly)).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

// A child process for tests: changes the set `works` and kills itself with SIGKILL right after sending its n-th statement
// of a step, COMMIT included. Ends with 0 when there were fewer.
import { Client } from 'pg';
import { desiredFrom } from '../language/desired';
import { applySchema } from '../reconcile/apply';
import { type Works, works } from './evolution-sets';

async function main(url: string, deadly: number, variation: Works): Promise<void> {
  let statements: ReadonlySet<unknown> = new Set();
  let sent = 0;
  const send = Client.prototype.query as (...args: unknown[]) => unknown;
  (Client.prototype as { query: unknown }).query = function (this: Client, ...args: unknown[]) {
    const result = send.apply(this, args);
    if (!statements.has(args[0])) return result;
    sent += 1;
    // On the next turn the statement is on its way to the server, and nothing waits for its answer any more.
    if (sent === deadly) setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return result;
  };
  await applySchema(url, desiredFrom([works(variation)]), {
    allow: [],
    lockWaitMs: 10_000,
    onStep: ({ sql }) => {
      statements = new Set([...sql, 'COMMIT']);
    },
  });
}

const [url = '', deadly = '', variation = ''] = process.argv.slice(2);
main(url, Number(deadly), JSON.parse(variation) as Works).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

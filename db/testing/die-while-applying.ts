// A child process for tests: waits for `{url, set, step, point}` on its standard input, applies the set and kills itself
// with SIGKILL in the given step of the plan. Ends with 0 when there were fewer steps.
import { once } from 'node:events';
import { Client } from 'pg';
import { desiredFrom } from '../language/desired';
import type { Step } from '../model';
import { applySchema } from '../reconcile/apply';
import { fleet, type Names } from './renames-sets';
import { plant, type Variation } from './sets';

export interface DeathWish {
  readonly url: string;
  readonly variation?: Variation;
  /** Applies the set `fleet` with these names, instead of the set `plant`. */
  readonly fleet?: Names;
  /** Position in the plan, from 1. */
  readonly step: number;
  /** `statement`: its longest work is on its way. `commit`: the end of its transaction is, or of its journal row. */
  readonly point: 'statement' | 'commit';
}

async function main(): Promise<void> {
  const [line] = (await once(process.stdin, 'data')) as [Buffer];
  const wish = JSON.parse(line.toString()) as DeathWish;
  process.stdin.destroy();
  let current: Step | undefined;
  const send = Client.prototype.query as (...args: unknown[]) => unknown;
  (Client.prototype as { query: unknown }).query = function (this: Client, ...args: unknown[]) {
    const result = send.apply(this, args);
    // On the next turn the statement is on its way to the server, and nothing waits for its answer any more.
    if (current && isDeadly(String(args[0]), current, wish))
      setImmediate(() => process.kill(process.pid, 'SIGKILL'));
    return result;
  };
  await applySchema(wish.url, desiredFrom([wish.fleet ? fleet(wish.fleet) : plant(wish.variation)]), {
    allow: ['blocks-writes', 'rewrites-data', 'long-running'],
    lockWaitMs: 10_000,
    onStep: (step, position) => {
      current = position >= wish.step ? step : undefined;
    },
  });
}

function isDeadly(sql: string, step: Step, { point }: DeathWish): boolean {
  if (point === 'statement') return sql === (step.transactional ? step.sql.at(-1) : step.sql[0]);
  return step.transactional ? sql === 'COMMIT' : /finished_at = clock_timestamp/.test(sql);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

// Small writes of several requests in one transaction; each gets the answer that it would have got alone.
import type { Db } from '../../../db/model';
import { withTransaction } from '../../../db/server/connection';
import { SENSOR } from '../../alerts/alert-tables';
import type { Row, Verdict } from '../rows';
import type { Copied } from './copy-rows';
import { type Prepared, prepare, storeRows } from './store-rows';
import { type Batch, type Destination, onWriter, settle, type WriteResult } from './write-batches';

/** What the source of a row is while it travels with those of others. */
interface Origin {
  readonly batch: Batch;
  readonly source: unknown;
}

type Written = Copied & { readonly alerts: number };

/**
 * Writes batches of one table, none of which has a key.
 * @returns what each is answered, in their order.
 * @throws what the transaction of a write throws, TooManyRefused included; then nothing was stored, unless the connection broke.
 */
export async function writeShared(
  { pool, engine, keepsRefused }: Destination,
  batches: readonly [Batch, ...Batch[]],
): Promise<readonly WriteResult[]> {
  const rows = batches.flatMap((batch) =>
    batch.rows.map((row): Row => ({ ...row, source: { batch, source: row.source } satisfies Origin })),
  );
  return onWriter(pool, async (db) => {
    const prepared = await prepare(db, engine, batches[0].target, rows);
    return withTransaction(db, async () => {
      const written = await storeAll(db, prepared, batches);
      const results: WriteResult[] = [];
      for (const batch of batches) {
        const own = written.get(batch) ?? { stored: [], refused: [], alerts: 0 };
        results.push({ ...(await settle(db, batch, own, keepsRefused)), replayed: false });
      }
      return results;
    });
  });
}

const originOf = ({ source }: { readonly source: unknown }) => source as Origin;

async function storeAll(
  db: Db,
  prepared: Prepared,
  batches: readonly Batch[],
): Promise<ReadonlyMap<Batch, Written>> {
  const written = new Map(batches.map((batch) => [batch, { stored: [], refused: [], alerts: 0 } as Share]));
  const watched = watchedBatches(prepared);
  const others = prepared.rows.filter((row) => !watched.has(originOf(row).batch));
  // How many alerts were raised is told of a write as a whole: who may raise one is written by itself.
  const parts = [...watched].map((batch) => prepared.rows.filter((row) => originOf(row).batch === batch));
  for (const rows of [...parts, others]) {
    const { stored, refused, alerts } = await storeRows(db, { ...prepared, rows });
    for (const row of stored) shareOf(row).stored.push(alone(row));
    for (const verdict of refused) shareOf(verdict).refused.push(alone(verdict));
    if (alerts > 0 && rows[0]) shareOf(rows[0]).alerts = alerts;
  }
  return written;

  function shareOf(row: { readonly source: unknown }): Share {
    return written.get(originOf(row).batch) as Share;
  }
}

/** What became of the rows of one batch. */
interface Share {
  readonly stored: Row[];
  readonly refused: Verdict[];
  alerts: number;
}

const alone = <T extends { readonly source: unknown }>(row: T): T => ({
  ...row,
  source: originOf(row).source,
});

/** The batches with a row of a sensor that has thresholds. */
function watchedBatches({ table, thresholds, rows }: Prepared): ReadonlySet<Batch> {
  const sensors = new Set(thresholds.map(({ sensor_id }) => String(sensor_id)));
  const place = table.columnNames.indexOf(SENSOR);
  const raising = rows.filter(({ texts }) => sensors.has(texts[place] ?? ''));
  return new Set(raising.map((row) => originOf(row).batch));
}

// Brings the sequences of columns at the target to those of the source. A declaration has none; somebody may have added them by hand.
import { literal } from '../../db/core/sql';
import type { Moved, Pair } from './model';

export async function carrySequences({ source, target }: Pair, relations: readonly Moved[]): Promise<void> {
  for (const moved of relations) {
    if (moved.kind === 'stored') continue;
    const { rows } = await source.query<{ column: string; sequence: string }>(
      `SELECT attname::text AS "column", pg_get_serial_sequence($1, attname) AS sequence FROM pg_attribute
        WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND pg_get_serial_sequence($1, attname) IS NOT NULL`,
      [moved.source],
    );
    for (const { column, sequence } of rows) {
      const { rows: found } = await target.query<{ sequence: string | null }>(
        'SELECT pg_get_serial_sequence($1, $2) AS sequence',
        [moved.target, column],
      );
      if (!found[0]?.sequence) continue;
      const { rows: at } = await source.query<{ last_value: string; is_called: boolean }>(
        `SELECT last_value, is_called FROM ${sequence}`,
      );
      await target.query(`SELECT setval(${literal(found[0].sequence)}, $1, $2)`, [
        at[0]?.last_value,
        at[0]?.is_called,
      ]);
    }
  }
}

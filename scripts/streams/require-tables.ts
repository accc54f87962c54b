// Says at the start when the schema has not been applied, because a consumer would try to store messages for ever.
import type { Database } from '../../api/database/database';
import { passes } from '../../api/database/passing-faults';
import { messageOf, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { relation } from '../../db/core/sql';
import type { DeclaredTable } from '../../db/language/desired';
import type { StreamLog } from './consumer-parts';

/**
 * A database that cannot be reached is no reason: it may come.
 * @throws UsageError when the database lacks one of the tables.
 */
export async function requireTables(
  { writer }: Pick<Database, 'writer'>,
  tables: readonly DeclaredTable[],
  log: StreamLog,
): Promise<void> {
  try {
    const { rows } = await writer.query<{ readonly name: string }>(
      'SELECT name FROM unnest($1::text[]) AS given (name) WHERE to_regclass(name) IS NULL',
      [tables.map((one) => relation(one))],
    );
    if (rows.length > 0)
      throw new UsageError(
        `the database has no ${rows.map(({ name }) => name.replaceAll('"', '')).join(', ')}; run "${invocation('apply')}"`,
      );
  } catch (error) {
    if (!passes(error)) throw error;
    log.warn({ reason: messageOf(error) }, 'the database cannot be used yet');
  }
}

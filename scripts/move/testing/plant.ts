// For tests of moves: a filled source with history, an empty target, and checksums that are computed in another way than the move does.

import { ident } from '../../../db/core/sql';
import { readStored } from '../../../db/engines/stored-aggregates';
import { desiredFrom, tablesOf } from '../../../db/language/desired';
import { nameOf } from '../../../db/language/names';
import { createTestDatabase, type TestDatabase, type TestServer } from '../../../db/local/test-servers';
import { dialectOf, type EngineName } from '../../../db/model';
import { iot } from '../../../db/schema/iot';
import { market } from '../../../db/schema/market';
import { service } from '../../../db/schema/service';
import { withConnection } from '../../../db/server/connection';
import { applied, execute, select } from '../../../db/testing/apply';
import { type Finished, type Running, startTsdb, tsdb } from '../../testing/command-line';

const SETS = [iot, market, service];
const DESIRED = desiredFrom(SETS);

/** Two databases, and the command between them. */
export interface MovePlant {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly env: Readonly<Record<string, string>>;
  move(...flags: readonly string[]): Promise<Finished>;
  startMove(...flags: readonly string[]): Running;
  drop(): Promise<void>;
}

/** Days of readings in the source; the oldest of them only as stored buckets. */
export const DAYS = 12;

/** A source with ten days of rows behind now, two more days of which only the aggregates know, and converted chunks where there are any. */
export async function plantMove(from: TestServer, to: TestServer): Promise<MovePlant> {
  const source = await createTestDatabase(from, applied(SETS, 'all jobs'));
  const target = await createTestDatabase(to);
  // What nodes of Citus print by default must not matter.
  for (const worker of to.workers ?? []) {
    const name = new URL(target.url).pathname.slice(1);
    const elsewhere = `ALTER DATABASE ${ident(name)} SET`;
    await execute(worker, `${elsewhere} timezone = 'Asia/Tokyo'`, `${elsewhere} extra_float_digits = 0`);
  }
  const env = { DATABASE_URL: source.url, TSDB_SCHEMAS: 'iot,market,service' };
  await expectDone(tsdb(['seed', '--days', String(DAYS), '--sensors', '3', '--interval', '600'], env));
  await expectDone(
    tsdb(['seed', '--set', 'market', '--days', '20', '--sensors', '3', '--interval', '7200'], env),
  );
  await dropOldest(source.url, from.engine, DAYS - 2);
  if (from.engine === 'timescaledb') await expectDone(tsdb(['compress', '--older-than', '4 days'], env));
  await execute(
    source.url,
    `INSERT INTO service.api_key (id, name, role, hash) VALUES ('a', 'ü — "x"', 'read', 'h'), ('b', '', 'write', '\\N')`,
    `INSERT INTO tsdb.import (digest, file, target, row_count) VALUES ('d', 'f.csv', 'public.sensor_data', 2)`,
    `INSERT INTO tsdb.import_batch (digest, number) VALUES ('d', 1), ('d', 2)`,
    `INSERT INTO public.sensor_data VALUES (now() - interval '2 days', 'odd', '-0', 'NaN', 'Infinity'), (now() - interval '2 days', 'odd', '-0', 'NaN', 'Infinity'), (now() - interval '3 days', 'odd', NULL, 5e-324, 1.7e308)`,
  );
  const flags = ['move', '--to', target.url];
  return {
    source,
    target,
    env,
    move: (...more) => tsdb([...flags, ...more], env),
    startMove: (...more) => startTsdb([...flags, ...more], { env }),
    drop: async () => {
      await source.drop();
      await target.drop();
    },
  };
}

async function expectDone(run: Promise<Finished>): Promise<void> {
  const { code, stderr } = await run;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

/** What retention does: drops the chunks that are older than so many days. */
export const dropOldest = (url: string, engine: EngineName, days: number): Promise<void> =>
  execute(
    url,
    dialectOf(engine) === 'timescaledb'
      ? `SELECT public.drop_chunks('public.sensor_data', older_than => interval '${days} days')`
      : `SELECT tsdb.drop_expired('public', 'sensor_data', now() - interval '${days} days')`,
  );

/** A checksum of everything that a move carries, from the sorted rows, by name. OFFSET brings the rows of Citus to its coordinator, which prints them. */
export async function checksums(url: string, engine: EngineName): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const sum = async (name: string, relation: string, columns: readonly string[]): Promise<void> => {
    const list = columns.map((column) => `r.${ident(column)}`).join(', ');
    const [row] = await select<{ sum: string }>(
      url,
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t, E'\\n' ORDER BY t COLLATE "C")), '-') AS sum FROM (SELECT ROW(${list})::text AS t FROM (SELECT * FROM ${relation} OFFSET 0) r) rows`,
    );
    found[name] = row?.sum ?? '';
  };
  for (const table of tablesOf(DESIRED))
    await sum(nameOf(table), ident(table.schema, table.name), table.columnNames);
  for (const name of ['import', 'import_batch'])
    await sum(`tsdb.${name}`, `tsdb.${name}`, ['digest', 'row_count']);
  for (const one of DESIRED.aggregates) {
    const { aggregate } = await withConnection(url, (db) => readStored(db, engine, nameOf(one)));
    await sum(nameOf(one), ident(aggregate.stored.schema, aggregate.stored.name), one.columnNames);
  }
  return found;
}

/** How many stored rows each aggregate has that its real-time view leaves out, because they lie beyond the time up to which it is stored. */
export async function hiddenRows(url: string, engine: EngineName): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const one of DESIRED.aggregates) {
    const { aggregate } = await withConnection(url, (db) => readStored(db, engine, nameOf(one)));
    const [mark] = await select<{ at: string }>(url, `SELECT (${aggregate.watermark})::text AS at`);
    const [row] = await select<{ n: number }>(
      url,
      `SELECT count(*)::int AS n FROM ${ident(aggregate.stored.schema, aggregate.stored.name)} WHERE "bucket" >= $1::timestamptz`,
      [mark?.at],
    );
    found[nameOf(one)] = row?.n ?? -1;
  }
  return found;
}

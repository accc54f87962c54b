// Raw rows against aggregates, in turns on one session, after both were found to give the same answer.
import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { relation } from '../../../db/core/sql';
import { readChunks, readCompression } from '../../../db/engines/chunks';
import { nameOf } from '../../../db/language/names';
import { sensorData } from '../../../db/schema/iot';
import { asking } from '../../../db/server/ask';
import { withConnection } from '../../../db/server/connection';
import { convertOlder } from '../columnstore';
import { inTurns, type RunControl } from '../in-turns';
import type { BenchOptions, QueriesReport, QueryReport, SideBySide } from '../report/report';
import { summarize, summarizeRatio } from '../report/statistics';
import type { Year } from '../year';
import { type QueryCase, queryCases } from './query-cases';
import { requireSame } from './same-answer';

/** How long the ranges may be, and how many measurements each figure gets. */
export type QueriesOptions = Pick<BenchOptions, 'days' | 'repeat'> & RunControl;

const KEYS = ['bucket', 'sensor_id'];

/**
 * Measures all questions; on TimescaleDB once with raw rows as rows, and again as declared, old ones in the columnstore.
 * @throws DatabaseError when the two sides of a question give different answers.
 */
export async function measureQueries(
  url: string,
  { server, rows, end }: Year,
  options: QueriesOptions,
): Promise<QueriesReport> {
  const cases = queryCases(end, options.days);
  return withConnection(url, async (db) => {
    const verify = (query: QueryCase) => verifyCase(db, query);
    const measure = (stored: string) => async (query: QueryCase) => {
      options.onNote(`${query.title}: raw rows ${stored}`);
      return sideBySide(await inServer(db, query.raw), await inServer(db, query.stored), options);
    };
    await inOrder(cases, verify);
    const first = await inOrder(cases, measure('as rows'));
    const converted = server.engine === 'timescaledb' ? await compressAsDeclared(db, options) : 0;
    const verified = await inOrder(cases, verify);
    const second = converted > 0 ? await inOrder(cases, measure('in the columnstore')) : [];
    const reports = await inOrder(cases, async (query, at): Promise<QueryReport> => {
      const { id, title, aggregate, from, to, raw, stored } = query;
      options.onNote(`${title}: whole answers`);
      const asDeclared = second[at];
      return {
        id,
        title,
        aggregate,
        from: from.toISOString(),
        to: to.toISOString(),
        ...(verified[at] as Verified),
        asRows: first[at] as SideBySide,
        ...(asDeclared && { asDeclared }),
        wholeAnswer: await sideBySide(wholeAnswer(db, raw), wholeAnswer(db, stored), options),
      };
    });
    return { rows, ...(await chunkCounts(db, server.engine)), cases: reports };
  });
}

/** Does the work of one case after the other. */
async function inOrder<T>(
  cases: readonly QueryCase[],
  work: (query: QueryCase, at: number) => Promise<T>,
): Promise<readonly T[]> {
  const done: T[] = [];
  for (const [at, query] of cases.entries()) done.push(await work(query, at));
  return done;
}

type Verified = Pick<QueryReport, 'rawRows' | 'answerRows' | 'largestDifference'>;

async function verifyCase(db: Client, { title, raw, stored, from, to }: QueryCase): Promise<Verified> {
  const [left, right] = [(await db.query(raw)).rows, (await db.query(stored)).rows];
  const largestDifference = requireSame(title, left, right, KEYS);
  const { rows } = await db.query<{ count: string }>(
    `SELECT count(*) FROM ${relation(sensorData)} WHERE "time" >= $1::timestamptz AND "time" < $2::timestamptz`,
    [from.toISOString(), to.toISOString()],
  );
  return { rawRows: Number(rows[0]?.count), answerRows: left.length, largestDifference };
}

/** Runs a query once and returns milliseconds. */
type Ask = () => Promise<number>;

async function sideBySide(raw: Ask, stored: Ask, { repeat, signal }: QueriesOptions): Promise<SideBySide> {
  const [rawTimes = [], storedTimes = []] = await inTurns({ rounds: repeat, signal }, [raw, stored]);
  return {
    raw: summarize(rawTimes, 'ms'),
    aggregate: summarize(storedTimes, 'ms'),
    ratio: summarizeRatio(rawTimes, storedTimes),
  };
}

// Statements are prepared, so that the work of answering is compared and not that of planning.

/** Time by the server's own clock, without network and driver: rows are computed and not sent. */
async function inServer(db: Client, sql: string): Promise<Ask> {
  const name = nameOfStatement(sql);
  const { rows } = await db.query('SELECT FROM pg_prepared_statements WHERE name = $1', [name]);
  if (rows.length === 0) await db.query(`PREPARE ${name} AS ${sql}`);
  return async () => {
    const { rows: told } = await db.query<{ 'QUERY PLAN': readonly [Explained] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, SUMMARY, FORMAT JSON) EXECUTE ${name}`,
    );
    const explained = told[0]?.['QUERY PLAN'][0];
    if (explained === undefined) throw new DatabaseError('the server does not say how long a query took');
    return explained['Planning Time'] + explained['Execution Time'];
  };
}

/** The times at the end of EXPLAIN's answer, in milliseconds. */
interface Explained {
  readonly 'Planning Time': number;
  readonly 'Execution Time': number;
}

/** Time in the client, from sending the query to the last row. */
function wholeAnswer(db: Client, text: string): Ask {
  const name = `whole_${nameOfStatement(text)}`;
  return async () => {
    const started = performance.now();
    await db.query({ name, text });
    return performance.now() - started;
  };
}

// The server keeps prepared statements by name, so each text needs a name of its own.
const nameOfStatement = (sql: string): string =>
  `bench_${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;

async function compressAsDeclared(db: Client, options: QueriesOptions): Promise<number> {
  if (sensorData.columnstore === undefined) return 0;
  const converted = await convertOlder(db, sensorData, sensorData.columnstore.after, options);
  await db.query(`ANALYZE ${relation(sensorData)}`);
  return converted;
}

async function chunkCounts(
  db: Client,
  engine: Year['server']['engine'],
): Promise<Pick<QueriesReport, 'chunks' | 'compressedChunks'>> {
  const names = [nameOf(sensorData)];
  const [chunks] = await readChunks(asking(db), engine, names, 0);
  const [compression] = await readCompression(asking(db), engine, names);
  return { chunks: chunks?.total ?? 0, compressedChunks: compression?.compressedChunks ?? 0 };
}

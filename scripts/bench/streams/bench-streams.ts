// npm run bench:streams [rows] [rounds] [--json]: how fast `tsdb consume kafka` stores the records of a topic, beside psql's `\copy` of
// the same rows, and beside a bare consumer of the same topic that drops them. It needs a broker, TSDB_KAFKA_BROKERS.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseError, UsageError } from '../../../db/core/errors';
import { ident, literal, relation } from '../../../db/core/sql';
import { desiredFrom } from '../../../db/language/desired';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { applySchema } from '../../../db/reconcile/apply';
import { business, customerMetrics } from '../../../db/schema/business';
import { service, streamOffsets } from '../../../db/schema/service';
import { processEnvironment } from '../../../db/server/config';
import { withConnection } from '../../../db/server/connection';
import { libpqEnvironment } from '../../backup/address';
import { connectionUrl, readContext } from '../../context';
import { note, print, printJson, table } from '../../output';
import { runner } from '../../run-to-exit';
import { kafkaSettings, readKafkaConfig } from '../../streams/kafka/config';
import { produce } from '../../streams/kafka/produce';
import { ensureTopics } from '../../streams/kafka/produce-topics';
import { kafkaClient, PATIENCE } from '../../streams/kafka/security';
import { streamSettings } from '../../streams/stream-config';
import { nextMessage, type ProgramName, withProcesses } from '../api/processes';
import { timedProcess } from '../child-process';
import { withDatabases } from '../databases';
import { inTurns } from '../in-turns';
import { findOnPath } from '../ingest/program-methods';
import { loadNow, readMachine } from '../machine';
import { bytes, count, counted, machineLine, number } from '../report/format';
import { summarize, summarizeRatio } from '../report/statistics';
import { benchServers } from '../servers';
import { pauseAllJobs } from '../year';
import { benchRecords, copyLine } from './bench-stream';
import type { Pace, PaceOrder } from './pace';

const PARTITIONS = 6;
/** Settings of the caller that the consumer gets. */
const PASSED = [...kafkaSettings, ...streamSettings].map(({ name }) => name);
const BUDGET = 0.5;

interface Run {
  readonly rows: number;
  readonly rounds: number;
  readonly json: boolean;
}

async function main({ rows, rounds, json }: Run, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const config = readKafkaConfig(env);
  const psql = findOnPath('psql', env);
  if (psql === undefined) throw new UsageError('psql is not on PATH and not in TSDB_PG_BIN; install it');
  const kafka = kafkaClient(config, () => undefined, PATIENCE.bounded);
  const topic = `tsdb-bench-${randomBytes(6).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-bench-streams-'));
  const file = join(folder, 'rows.tsv');
  const server = await benchServers(connectionUrl(readContext().config), env, note)[0]?.();
  if (server === undefined) return 1;
  const admin = kafka.admin();
  try {
    await ensureTopics(kafka, [topic, `${topic}.dlq`], PARTITIONS);
    note(`${counted(rows, 'record')} into ${topic} and into a file`);
    const to = new Date();
    await writeRows(file, benchRecords(topic, rows, to));
    await produce(kafka, benchRecords(topic, rows, to), {
      ...{ rows, rate: Number.POSITIVE_INFINITY, signal },
      onAcknowledged: () => undefined,
    });
    await withDatabases(server.url, { signal, onNote: note }, (use) =>
      use('streams', async (url) => {
        const { plan } = await applySchema(url, desiredFrom([business, service]), {
          allow: [],
          lockWaitMs: 30_000,
        });
        await withConnection(url, (db) => pauseAllJobs(db, plan.server.engine));
        const loadBefore = loadNow();
        const own = {
          ...Object.fromEntries(PASSED.map((name) => [name, env[name] ?? ''])),
          ...{ DATABASE_URL: url, TSDB_SCHEMAS: 'business,service', LOG_LEVEL: 'warn' },
        };
        const consume = (name: ProgramName) => async (): Promise<Pace> => {
          await empty(url);
          const group = `tsdb-bench-${randomBytes(6).toString('hex')}`;
          return withProcesses([{ name }], { env, own }, ([child]) =>
            ask(child as ChildProcess, { group, topic, rows }),
          );
        };
        const works: readonly (() => Promise<Partial<Pace> & Pick<Pace, 'rowsPerSecond'>>)[] = [
          async () => {
            await empty(url);
            const names = customerMetrics.columnNames.map((name) => ident(name)).join(', ');
            const command = `\\copy ${relation(customerMetrics)} (${names}) FROM ${literal(file)}`;
            const { milliseconds } = await timedProcess(
              [psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command],
              { env: libpqEnvironment({ connectionString: url }, env), signal },
            );
            return { rowsPerSecond: (rows * 1_000) / milliseconds };
          },
          consume('../streams/bare-consumer'),
          async () => {
            const pace = await consume('../streams/consumer-process')();
            await requireRows(url, rows);
            return pace;
          },
        ];
        const onRound = (round: number): void => note(`round ${round} of ${rounds}`);
        const [copied = [], dropped = [], stored = []] = await inTurns({ rounds, signal, onRound }, works);
        const speeds = [copied, dropped, stored].map((each) => each.map((pace) => pace.rowsPerSecond));
        const [copy = [], bare = [], ours = []] = speeds;
        const slower = copy.map((speed, at) => Math.min(speed, bare[at] as number));
        const found = {
          where: `${describeServer(await serverFacts(url), server.origin)}; ${machineLine(readMachine())}`,
          ...{ rows, partitions: PARTITIONS, loadBefore, loadAfter: loadNow() },
          copy: summarize(copy, 'rows/s'),
          bareConsumer: summarize(bare, 'rows/s'),
          consumer: summarize(ours, 'rows/s'),
          ratio: summarizeRatio(ours, slower),
          budget: BUDGET,
          cpuPerMillion: {
            bareConsumer: dropped.map((pace) => pace.cpuPerMillion ?? 0),
            consumer: stored.map((pace) => pace.cpuPerMillion ?? 0),
          },
          memory: stored.map((pace) => pace.memory ?? []),
        };
        if (json) printJson(found);
        else printTable(found);
      }),
    );
  } finally {
    await admin.connect();
    await admin.deleteTopics({ topics: [topic, `${topic}.dlq`] }).catch(() => undefined);
    await admin.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  return 0;
}

function ask(child: ChildProcess, order: PaceOrder): Promise<Pace> {
  const answer = nextMessage<Pace>(child);
  child.send(order);
  return answer;
}

async function writeRows(file: string, records: Iterable<{ readonly value: string }>): Promise<void> {
  const out = createWriteStream(file);
  for (const record of records) if (!out.write(copyLine(record))) await once(out, 'drain');
  out.end();
  await once(out, 'finish');
}

const empty = (url: string): Promise<unknown> =>
  withConnection(url, async (db) => {
    await db.query(`TRUNCATE ${relation(customerMetrics)}, ${relation(streamOffsets)}`);
    await db.query('CHECKPOINT');
  });

async function requireRows(url: string, rows: number): Promise<void> {
  const found = await withConnection(url, async (db) => {
    const { rows: counts } = await db.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${relation(customerMetrics)}`,
    );
    return counts[0]?.count;
  });
  if (found !== rows)
    throw new DatabaseError(`the consumer has stored ${found} rows of ${rows}; its speed means nothing`);
}

interface Found {
  readonly where: string;
  readonly rows: number;
  readonly copy: ReturnType<typeof summarize>;
  readonly bareConsumer: ReturnType<typeof summarize>;
  readonly consumer: ReturnType<typeof summarize>;
  readonly ratio: ReturnType<typeof summarizeRatio>;
  readonly memory: readonly (readonly number[])[];
}

function printTable({ where, rows, copy, bareConsumer, consumer, ratio, memory }: Found): void {
  print(where);
  print(`${counted(rows, 'record')} of about 200 bytes in ${PARTITIONS} partitions\n`);
  const line = (title: string, { median, min, max }: ReturnType<typeof summarize>): readonly string[] => [
    title,
    count(Math.round(median)),
    `${number(min)}–${number(max)}`,
  ];
  print(
    table(
      ['', 'rows/s', 'range'],
      [
        line('psql \\copy', copy),
        line('bare consumer that drops the records', bareConsumer),
        line('tsdb consume kafka', consumer),
        [
          'beside the slower of the two',
          `${number(ratio.median)}×`,
          `${number(ratio.min)}–${number(ratio.max)}`,
        ],
      ],
    ),
  );
  const last = memory.at(-1) ?? [];
  print(`\nMemory after 25, 50, 75 and 100 %: ${last.map(bytes).join(', ')}. Budget: ${BUDGET}×`);
}

const [, , ...words] = process.argv;
const [rows = '500000', rounds = '3'] = words.filter((word) => !word.startsWith('--'));
void runner.untilSignal((signal) =>
  main({ rows: Number(rows), rounds: Number(rounds), json: words.includes('--json') }, signal),
);

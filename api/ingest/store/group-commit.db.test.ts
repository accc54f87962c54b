// Small writes that share a transaction: each is answered as if it were alone, and none harms another.
import type { LightMyRequestResponse } from 'fastify';
import { testServers } from '../../../db/local/test-servers';
import { waitFor } from '../../../db/local/testing/wait';
import { sensorData } from '../../../db/schema/iot';
import { ProblemError } from '../../http/problems';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { type HeldTable, holdTable } from '../../testing/held-table';
import { requestsInFlight } from '../../testing/requests-in-flight';
import type { Ticket } from '../gate';
import { rowReader } from '../read/row-reader';
import type { CheckedRow } from '../rows';
import { startIngest } from '../testing/ingest-under-test';
import { groupCommit } from './group-commit';
import type { Batch } from './write-batches';

describe.each(testServers())('writes that share a transaction on $describe', (server) => {
  const api = forSuite(() => startIngest(server));
  const time = new Date(Date.now() - 60_000).toISOString();
  const reading = (sensor_id: string, temperature: unknown = 1) => ({ time, sensor_id, temperature });

  beforeAll(async () => {
    await runSql(api.url, 'ALTER TABLE sensor_data ADD CONSTRAINT cool CHECK (temperature < 1000)');
    await api.send('PUT', '/api/thresholds/sensor_data/hot/temperature', { maximum: 30 });
    await api.post(JSON.stringify(reading('chunk'))); // its chunk is there before the table is locked
    await api.post(JSON.stringify(reading('hot', 99)));
  });

  const arrived = (requests: number) =>
    waitFor(
      `${requests} requests have arrived`,
      async () => (await requestsInFlight(async () => (await api.get('/metrics')).body)) === requests,
    );
  async function whileHeld<T>(work: (table: HeldTable) => Promise<T>): Promise<T> {
    const table = await holdTable(api.url, 'EXCLUSIVE');
    try {
      return await work(table);
    } finally {
      await table.release();
    }
  }

  /** Sends the bodies at the same time, while two others hold all places of a table that is locked. */
  function together(bodies: readonly string[]): Promise<readonly LightMyRequestResponse[]> {
    return whileHeld(async (table) => {
      const first = [1, 2].map(() => api.post(JSON.stringify(reading('first'))));
      await table.hasWaiting(2);
      const others = bodies.map((body) => api.post(body, { 'content-type': 'application/x-ndjson' }));
      await arrived(2 + bodies.length);
      await table.release();
      await Promise.all(first);
      return Promise.all(others);
    });
  }
  const seen = (answers: readonly LightMyRequestResponse[]) =>
    answers.map((answer) => {
      const { instance: _, ...body } = answer.json();
      return { status: answer.statusCode, body };
    });

  it('answers each with its own rows, lines, alerts and dead letters', async () => {
    const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n');
    const bodies = [
      lines(reading('g1')),
      lines(reading('g2'), reading('g2', 'warm'), reading('g2', 2)),
      lines(reading('g3', 5_000), reading('g3'), reading('g3', 6_000)),
      lines({ nope: 1 }, reading('g4', 7_000)),
      lines(reading('hot', 31), reading('hot', 20), reading('hot', 2_000), reading('hot', 32)),
      lines({ ...reading('g5'), time: '2020-01-01T00:00:00Z' }),
      lines(reading('g6')),
    ];
    const alone: LightMyRequestResponse[] = [];
    for (const body of bodies) alone.push(await api.post(body, { 'content-type': 'application/x-ndjson' }));
    // A row that is sent again stays the same letter, which then belongs to the last request.
    const lettersAlone = await Promise.all(alone.map((answer) => api.lettersOf(answer)));
    const grouped = await together(bodies);
    expect(seen(grouped)).toEqual(seen(alone));
    expect(seen(grouped).map(({ status }) => status)).toEqual([200, 207, 207, 422, 207, 200, 200]);
    expect(grouped[4]?.json()).toMatchObject({ accepted: 3, alerts: 2, errors: [{ line: 3 }] });
    for (const [at, answer] of grouped.entries()) {
      const own = await api.lettersOf(answer);
      expect(own).toEqual(lettersAlone[at]);
      expect(own).toHaveLength(answer.json().rejected);
    }
    for (const [sensor, rows] of [
      ['g1', 2],
      ['g2', 4],
      ['g3', 2],
      ['g4', 0],
      ['g6', 2],
    ] as const)
      expect([sensor, (await api.rowsOf(sensor)).length]).toEqual([sensor, rows]);
    // The letters of the group are of one transaction.
    const letters = await api.pool.query(
      'SELECT count(DISTINCT xmin::text)::int AS transactions FROM service.dead_letter WHERE request_id = ANY ($1)',
      [grouped.map(({ headers }) => headers['x-request-id'])],
    );
    expect(letters.rows).toEqual([{ transactions: 1 }]);
    // What was sent alone is of one transaction each, and the group is of one. The old row of g5 is left out: a job
    // may have compressed it by now, and xmin is not to be had from a compressed chunk.
    const { rows } = await api.pool.query(
      `SELECT count(DISTINCT xmin::text)::int AS transactions FROM sensor_data
       WHERE sensor_id LIKE 'g%' AND time > '${new Date(Date.now() - 600_000).toISOString()}'`,
    );
    // On Citus, each worker counts transactions of its own.
    if (server.engine !== 'citus') expect(rows[0].transactions).toBe(4 + 1);
    expect(await api.count(`SELECT count(*) FROM sensor_alerts WHERE sensor_id = 'hot'`)).toBe(1 + 2 + 2);
  });

  it('writes the others when one of them fails as a whole', async () => {
    const bad = Array.from({ length: 120 }, () => JSON.stringify(reading('bad', 9_000))).join('\n');
    const answers = await together([JSON.stringify(reading('good')), bad, JSON.stringify(reading('good'))]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 422, 200]);
    expect(answers[1]?.json()).toMatchObject({ accepted: 0, rejected: 120 });
    expect([(await api.rowsOf('good')).length, (await api.rowsOf('bad')).length]).toEqual([2, 0]);
  });

  it('answers 503 to each when the connection breaks, and stores nothing of them', async () => {
    const first = [1, 2].map(() => api.post(JSON.stringify(reading('cut'))));
    await Promise.all(first);
    const answers = await whileHeld(async (table) => {
      const writes = Array.from({ length: 6 }, () => api.post(JSON.stringify(reading('cut-now'))));
      await table.hasWaiting(2);
      await arrived(6);
      expect(await table.endWaiting()).toBe(2);
      // The four others are written together now.
      await table.hasWaiting(1);
      expect(await table.endWaiting()).toBe(1);
      return Promise.all(writes);
    });
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(6).fill(503));
    expect(await api.rowsOf('cut-now')).toEqual([]);
    expect((await api.post(JSON.stringify(reading('cut-now')))).statusCode).toBe(200);
  });

  it('leaves out who left before the turn, and takes the slot with the next ticket', async () => {
    const destination = {
      pool: api.database.writer,
      engine: async () => server.engine,
      keepsRejected: true,
    };
    const batch = (sensor: string): Batch => {
      const read = rowReader(sensorData, Date.now())({ line: 1, source: '', value: reading(sensor) });
      return {
        name: 'sensor_data',
        table: { name: 'sensor_data', hypertable: sensorData, aggregates: [], watched: undefined },
        format: 'json',
        rows: [(read as { row: CheckedRow }).row],
        rejected: [],
        requestId: sensor,
      };
    };
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const gone = new ProblemError('invalid-request', 'The client has disconnected', { status: 408 });
    const ticket = (run: Ticket['run']): Ticket => ({ run });
    const waits = ticket(async (work) => {
      await gate;
      return work();
    });
    const left = ticket(() => Promise.reject(gone));
    const slots: string[] = [];
    const takes = (name: string) =>
      ticket((work) => {
        slots.push(name);
        return work();
      });
    const group = groupCommit(destination, { maxRows: 100, maxInFlight: 1 });
    const writes = [
      group.write(batch('t1'), waits),
      group.write(batch('t2'), left),
      group.write(batch('t3'), takes('t3')),
      group.write(batch('t4'), takes('t4')),
    ];
    open();
    const results = await Promise.allSettled(writes);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(slots).toEqual(['t3']);
    expect(await api.rowsOf('t2')).toEqual([]);
    expect(await api.rowsOf('t4')).toHaveLength(1);
  });
});

// Writes that are sent again, and writes that take too long.
import { gzipSync } from 'node:zlib';
import { testServers } from '../../../db/local/test-servers';
import { type ApiUnderTest, startApi, startBeside } from '../../testing/api-under-test';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { holdKeys, holdTable } from '../../testing/held-table';
import { at, INGEST_ENV, json, startIngest } from '../testing/ingest-under-test';
import { forgetOldAnswers } from './idempotency';

describe.each(testServers())('retried writes on $describe', (server) => {
  const api = forSuite(() => startIngest(server));

  it('writes one time for one key, also when both come at once', async () => {
    const body = json({ time: at(0), sensor_id: 'once', temperature: 1 });
    const key = { 'idempotency-key': 'same' };
    const answers = await Promise.all(Array.from({ length: 4 }, () => api.post(body, key)));
    expect(answers.map(({ statusCode, body: text }) => [statusCode, text])).toEqual(
      answers.map(() => [200, answers[0]?.body]),
    );
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(3);
    expect(await api.rowsOf('once')).toHaveLength(1);
  });

  it('repeats partial and refused answers under their key too', async () => {
    for (const [name, body, status] of [
      ['part-key', json([{ time: at(0), sensor_id: 'k1' }, {}]), 207],
      ['none-key', json([{ nope: 1 }]), 422],
    ] as const) {
      const letters = await api.count('SELECT count(*) FROM service.dead_letter');
      const first = await api.post(body, { 'idempotency-key': name });
      const second = await api.post(body, { 'idempotency-key': name });
      expect([first.statusCode, second.statusCode]).toEqual([status, status]);
      expect(second.json()).toEqual(first.json());
      expect(second.headers['idempotency-replayed']).toBe('true');
      expect(await api.count('SELECT count(*) FROM service.dead_letter')).toBe(letters + 1);
    }
  });

  it('refuses a key for another body, table or precision, and takes it again after a failure', async () => {
    const body = json({ time: at(0), sensor_id: 'key' });
    const headers = { 'idempotency-key': 'reused' };
    expect((await api.post('{broken', headers)).statusCode).toBe(400);
    expect((await api.post(body, headers)).statusCode).toBe(200);
    expect((await api.post(`${body} `, headers)).json()).toMatchObject({
      type: 'urn:tsdb:problem:key-reused',
    });
    expect((await api.post(body, headers, 'monitoring.sensor_data')).statusCode).toBe(422);
    expect((await api.post(body, headers, 'sensor_data?precision=s')).statusCode).toBe(422);
    expect((await api.post(gzipSync(body), { ...headers, 'content-encoding': 'gzip' })).statusCode).toBe(200);
    expect(await api.rowsOf('key')).toHaveLength(1);
  });

  it('forgets answers after seven days, and nothing else', async () => {
    await api.post('[]', { 'idempotency-key': 'old' });
    await api.post('[]', { 'idempotency-key': 'young' });
    const age = (key: string, days: number) =>
      runSql(
        api.url,
        `UPDATE service.ingest_request SET received_at = now() - make_interval(days => $2) WHERE key = $1`,
        [key, days],
      );
    await age('old', 8);
    await age('young', 6);
    await forgetOldAnswers(api.database.writer);
    const { rows } = await api.pool.query(
      `SELECT key FROM service.ingest_request WHERE key IN ('old', 'young')`,
    );
    expect(rows).toEqual([{ key: 'young' }]);
  });

  it('answers 504 when the time limit ends a write, which leaves nothing', async () => {
    const hasty = startBeside(api, { env: { ...INGEST_ENV, TSDB_STATEMENT_TIMEOUT_MS: '500' } });
    const write = (to: ApiUnderTest) =>
      to.send('POST', '/api/ingest/sensor_data', [{ time: at(0), sensor_id: 'slow' }], {
        'idempotency-key': 'slow',
      });
    await api.post(json({ time: at(0), sensor_id: 'chunk' })); // its chunk is there before the table is locked
    const table = await holdTable(api.url, 'EXCLUSIVE');
    const answer = await write(hasty);
    await table.release();
    await hasty.stop();
    expect(answer.json()).toMatchObject({ type: 'urn:tsdb:problem:database-timeout', status: 504 });
    expect(answer.json().detail).toContain('send fewer rows');
    expect((await write(api)).json()).toMatchObject({ accepted: 1 });
  });

  it('answers 409 while another process holds the key for long', async () => {
    const claimed = await holdKeys(api.url, '', ['held']);
    const answer = await api.post('[]', { 'idempotency-key': 'held' });
    await claimed.release();
    expect(answer.json()).toMatchObject({ type: 'urn:tsdb:problem:in-progress', status: 409 });
    expect((await api.post('[]', { 'idempotency-key': 'held' })).statusCode).toBe(200);
  });
});

describe.each(testServers())('without the set service on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: 'iot' } }));

  it('reports refused rows without keeping them, and refuses keys', async () => {
    const rows = [{ time: new Date().toISOString(), sensor_id: 'a' }, {}];
    const plain = await api.send('POST', '/api/ingest/sensor_data', rows);
    expect(plain.json()).toMatchObject({ accepted: 1, rejected: 1 });
    const keyed = await api.send('POST', '/api/ingest/sensor_data', rows, { 'idempotency-key': 'k' });
    expect(keyed.json()).toMatchObject({ status: 400, detail: expect.stringContaining('TSDB_SCHEMAS') });
    expect((await api.get('/api/dead-letters')).json()).toMatchObject({
      type: 'urn:tsdb:problem:unknown-object',
      detail: expect.stringContaining('TSDB_SCHEMAS'),
    });
  });
});

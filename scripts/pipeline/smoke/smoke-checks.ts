// What a deployed API must do before a deployment counts as good.
import { randomUUID } from 'node:crypto';
import { counted } from '../../../db/core/quantities';
import type { Answer, ApiClient } from './api-client';

/** What the checks work with. */
export interface SmokeTarget {
  readonly url: URL;
  /** Without a key. */
  readonly anyone: ApiClient;
  /** With the key that reads; absent when none is known. */
  readonly reader?: ApiClient;
  /** With the key that writes; absent when nothing may be written. */
  readonly writer?: ApiClient;
}

/** What became of a check: `reason` says why it failed or was left out. */
export type Outcome =
  | { readonly kind: 'passed'; readonly detail: string }
  | { readonly kind: 'failed' | 'skipped'; readonly reason: string };

/** A question and its judgement. */
export interface SmokeCheck {
  readonly name: string;
  run(target: SmokeTarget): Promise<Outcome>;
}

/** In the order in which they run; the first one that fails explains most. */
export const smokeChecks: readonly SmokeCheck[] = [
  { name: 'live', run: async ({ anyone }) => status200(await anyone.get('/health/live')) },
  { name: 'ready', run: async ({ anyone }) => status200(await anyone.get('/health/ready')) },
  { name: 'openapi', run: openApi },
  { name: 'locked', run: locked },
  { name: 'series', run: series },
  { name: 'ingest', run: ingest },
];

const TABLE = 'sensor_data';
const SENSOR = 'smoke_test';

async function openApi({ anyone, reader }: SmokeTarget): Promise<Outcome> {
  const answer = await (reader ?? anyone).get('/openapi.json');
  if (answer.status !== 200) return status200(answer);
  const { openapi, paths } = (answer.body ?? {}) as { openapi?: unknown; paths?: object };
  const count = Object.keys(paths ?? {}).length;
  return typeof openapi === 'string' && /^3\./.test(openapi) && count > 0
    ? passed(`OpenAPI ${openapi}, ${counted(count, 'path')}`)
    : failed('this is no OpenAPI 3 document');
}

/** An API that other machines reach must ask for a key. */
async function locked({ anyone, url }: SmokeTarget): Promise<Outcome> {
  if (isLoopback(url)) return skipped('only this machine can connect');
  if (url.protocol !== 'https:') return failed('keys and data would travel in the clear; use https');
  const { status, said } = await anyone.get('/api/tables');
  if (status === 401) return passed('asks for a key');
  return failed(
    status === 200 ? 'it serves data without a key; set TSDB_API_AUTH=keys' : `answered ${status}: ${said}`,
  );
}

async function series({ anyone, reader, url }: SmokeTarget): Promise<Outcome> {
  const client = reader ?? (isLoopback(url) ? anyone : undefined);
  if (client === undefined) return skipped('no key: set TSDB_API_KEY');
  const tables = await client.get('/api/tables');
  if (tables.status !== 200) return status200(tables);
  const names = (tables.body as { tables: readonly { name: string }[] }).tables.map(({ name }) => name);
  const table = names.includes(TABLE) ? TABLE : names[0];
  if (table === undefined) return failed('it serves no table; which sets does TSDB_SCHEMAS select?');
  const path = `/api/series/${encodeURIComponent(table)}?field=count(*)&bucket=1h&period=1d`;
  const answer = await client.get(path);
  if (answer.status !== 200) return status200(answer);
  const { source, data } = answer.body as { source?: unknown; data?: unknown };
  return typeof source === 'string' && Array.isArray(data)
    ? passed(`${counted(data.length, 'bucket')} of ${table}, read from ${source}`)
    : failed('the answer is no series');
}

/** Writes one reading of a sensor that only this check uses, sends it again, and reads it back. Retention removes it later. */
async function ingest({ writer, anyone, reader }: SmokeTarget): Promise<Outcome> {
  if (writer === undefined) return skipped('no key that writes: set TSDB_API_WRITE_KEY');
  const time = new Date().toISOString();
  const temperature = Math.round(Math.random() * 1_000) / 10;
  const key = { 'idempotency-key': `smoke-${randomUUID()}` };
  const send = (): Promise<Answer> =>
    writer.post(`/api/ingest/${TABLE}`, { time, sensor_id: SENSOR, temperature }, key);
  const first = await send();
  if (first.status === 404) return skipped(`there is no table ${TABLE} to write to`);
  if (first.status !== 200) return status200(first);
  const again = await send();
  if (JSON.stringify(again.body) !== JSON.stringify(first.body))
    return failed(`the same write sent twice was answered differently: ${again.status} ${again.said}`);
  const latest = await (reader ?? writer ?? anyone).get(
    `/api/series/${TABLE}/latest?field=temperature&by=sensor_id&where=sensor_id=${SENSOR}`,
  );
  if (latest.status !== 200) return status200(latest);
  return JSON.stringify(latest.body).includes(`"temperature":${temperature}`)
    ? passed('written once, read back')
    : failed(`the written reading of ${time} is not the latest one: ${latest.said}`);
}

function status200({ status, said }: Answer): Outcome {
  if (status === 200) return passed('200');
  return failed(status === 0 ? `no answer: ${said}` : `answered ${status}: ${said}`);
}

const passed = (detail: string): Outcome => ({ kind: 'passed', detail });
const failed = (reason: string): Outcome => ({ kind: 'failed', reason });
const skipped = (reason: string): Outcome => ({ kind: 'skipped', reason });

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

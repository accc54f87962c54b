// Asks a running API for everything it offers and looks at the answers.
import { DatabaseError, messageOf } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';

export interface CheckedAnswer {
  readonly path: string;
  /** What came back, for people. */
  readonly detail: string;
}

type Verdict = { readonly detail: string } | { readonly fault: string };

interface SeriesBody {
  readonly count: number;
  readonly data: readonly unknown[];
}

const DAY_MS = 86_400_000;
const PATIENCE_MS = 60_000;

// `days` is the shortest length of the period; an answer may lack readings that are older.
const SERIES = [
  { path: 'raw?period=1d', days: 1 },
  { path: 'hourly?period=1w', days: 7 },
  { path: 'daily?period=1m', days: 28 },
  { path: 'monthly?period=1y', days: 365 },
] as const;

/**
 * Requests health, the page and the six endpoints of the first sensor, with a key where one is needed.
 * @throws DatabaseError when an answer is not as it should be.
 */
export async function checkAnswers(baseUrl: string, key?: string): Promise<readonly CheckedAnswer[]> {
  const answers: CheckedAnswer[] = [];
  const ask = async <T>(path: string, judge: (body: T) => Verdict): Promise<T> => {
    const { status, body } = await get(baseUrl, path, key);
    const verdict: Verdict =
      status === 200 ? judge(body as T) : { fault: JSON.stringify(body).slice(0, 300) };
    if ('fault' in verdict) throw new DatabaseError(`GET ${path} answered ${status}: ${verdict.fault}`);
    answers.push({ path, detail: verdict.detail });
    return body as T;
  };
  await ask('/health/live', () => ({ detail: 'alive' }));
  await ask('/health/ready', () => ({ detail: 'ready' }));
  await ask<string>('/', (page) => (page.includes('<html') ? { detail: 'page' } : { fault: 'no page' }));
  const { sensors } = await ask<{ sensors: readonly { sensor_id: string }[] }>('/api/sensors', (body) =>
    body.sensors.length > 0
      ? { detail: counted(body.sensors.length, 'sensor') }
      : { fault: `no sensors; import readings, or write sample data with "${invocation('up --days 30')}"` },
  );
  const sensor = `/api/sensors/${encodeURIComponent(sensors[0]?.sensor_id ?? '')}`;
  const last = await ask<{ temperature: unknown; time: string }>(`${sensor}/current`, (body) =>
    'temperature' in body ? { detail: `${body.temperature} °C` } : { fault: 'no temperature' },
  );
  for (const { path, days } of SERIES) {
    await ask<SeriesBody>(`${sensor}/${path}`, (body) => judgeSeries(body, last.time, days));
  }
  return answers;
}

function judgeSeries({ count, data }: SeriesBody, lastReading: string, days: number): Verdict {
  if (data.length !== count)
    return { fault: `count is ${count}, but the answer has ${counted(data.length, 'row')}` };
  if (count > 0) return { detail: counted(count, 'row') };
  return Date.parse(lastReading) < Date.now() - days * DAY_MS
    ? { detail: `no rows, because the last reading is from ${lastReading}` }
    : { fault: `no rows, although the last reading is from ${lastReading}` };
}

async function get(baseUrl: string, path: string, key?: string): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(baseUrl + path, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, body: isJson ? await response.json() : await response.text() };
  } catch (error) {
    throw new DatabaseError(`GET ${path} got no answer: ${messageOf(error)}`, { cause: error });
  }
}

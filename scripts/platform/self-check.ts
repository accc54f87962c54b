// Asks a running API for everything it offers and looks at the answers.
import { DatabaseError } from '../../db/errors';

export interface CheckedAnswer {
  readonly path: string;
  /** What came back, for people. */
  readonly detail: string;
}

interface SeriesBody {
  readonly count: number;
  readonly data: readonly unknown[];
}

/**
 * Requests health, the page and the six endpoints of the first sensor.
 * @throws DatabaseError when an answer is not as it should be.
 */
export async function checkAnswers(baseUrl: string): Promise<readonly CheckedAnswer[]> {
  const answers: CheckedAnswer[] = [];
  const ask = async <T>(path: string, judge: (body: T) => string | undefined): Promise<T> => {
    const response = await fetch(baseUrl + path);
    const body = (response.headers.get('content-type') ?? '').includes('json')
      ? await response.json()
      : await response.text();
    const detail = response.ok ? judge(body as T) : undefined;
    if (detail === undefined)
      throw new DatabaseError(
        `GET ${path} answered ${response.status}: ${JSON.stringify(body).slice(0, 300)}`,
      );
    answers.push({ path, detail });
    return body as T;
  };
  await ask('/health/live', () => 'alive');
  await ask('/health/ready', () => 'ready');
  await ask<string>('/', (page) => (page.includes('<html') ? 'page' : undefined));
  const { sensors } = await ask<{ sensors: readonly { sensor_id: string }[] }>('/api/sensors', (body) =>
    body.sensors.length > 0 ? `${body.sensors.length} sensors` : undefined,
  );
  const sensor = `/api/sensors/${encodeURIComponent(sensors[0]?.sensor_id ?? '')}`;
  await ask<{ temperature: unknown }>(`${sensor}/current`, (body) =>
    'temperature' in body ? `${body.temperature} °C` : undefined,
  );
  for (const series of ['raw?period=1d', 'hourly?period=1w', 'daily?period=1m', 'monthly?period=1y']) {
    await ask<SeriesBody>(`${sensor}/${series}`, (body) =>
      body.count > 0 && body.data.length === body.count ? `${body.count} rows` : undefined,
    );
  }
  return answers;
}

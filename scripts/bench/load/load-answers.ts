// Asks for many large answers at once and reads them, in a process of its own so that the reading slows down neither side.
import { Agent, get } from 'node:http';

/** One wave of questions. */
export interface WaveOrder {
  readonly url: string;
  readonly answers: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What came of it. */
export interface WaveResult {
  readonly milliseconds: number;
  /** Bytes of all bodies as they were sent. */
  readonly bytes: number;
  /** How many answers had which status; 0 = the connection broke. */
  readonly statuses: Readonly<Record<string, number>>;
}

process.on('message', async ({ url, answers, headers }: WaveOrder) => {
  const agent = new Agent({ keepAlive: true, maxSockets: answers });
  const started = performance.now();
  const all = await Promise.all(Array.from({ length: answers }, () => ask(url, headers, agent)));
  const statuses: Record<string, number> = {};
  for (const { status } of all) statuses[status] = (statuses[status] ?? 0) + 1;
  agent.destroy();
  process.send?.({
    milliseconds: performance.now() - started,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    statuses,
  } satisfies WaveResult);
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

function ask(url: string, headers: WaveOrder['headers'], agent: Agent) {
  return new Promise<{ readonly status: number; readonly bytes: number }>((resolve) => {
    let bytes = 0;
    const broken = (): void => resolve({ status: 0, bytes });
    get(url, { headers, agent }, (answer) => {
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes })).on('error', broken);
    }).on('error', broken);
  });
}

// Asks small questions all the time, at fixed moments whether or not the ones before were answered: a server that stands still
// delays all questions that come meanwhile.
import { Agent, get } from 'node:http';

/** Starts the probes of these addresses; `stop` ends them and makes this process report. */
export type ProbeOrder =
  | { readonly kind: 'start'; readonly urls: readonly string[] }
  | { readonly kind: 'stop' };

/** Of each address: how long each answer took in milliseconds, and how many answers were not 200. */
export type ProbeResult = readonly { readonly times: readonly number[]; readonly failed: number }[];

const EVERY_MS = 20;
const agent = new Agent({ keepAlive: true });
let probes: { readonly times: number[]; failed: number; readonly open: Set<Promise<void>> }[] = [];
let timer: NodeJS.Timeout | undefined;

process.on('message', (order: ProbeOrder) => {
  if (order.kind === 'start') {
    probes = order.urls.map(() => ({ times: [], failed: 0, open: new Set() }));
    timer = setInterval(() => {
      for (const [at, url] of order.urls.entries()) probe(at, url);
    }, EVERY_MS);
    return;
  }
  clearInterval(timer);
  void Promise.all(probes.flatMap(({ open }) => [...open])).then(() =>
    process.send?.(probes.map(({ times, failed }) => ({ times, failed })) satisfies ProbeResult),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

function probe(at: number, url: string): void {
  const into = probes[at];
  if (into === undefined) return;
  const started = performance.now();
  const asked = new Promise<void>((resolve) => {
    const end = (status: number): void => {
      into.times.push(performance.now() - started);
      if (status !== 200) into.failed += 1;
      resolve();
    };
    get(url, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () => end(answer.statusCode ?? 0)).on('error', () => end(0));
    }).on('error', () => end(0));
  });
  into.open.add(asked);
  void asked.then(() => into.open.delete(asked));
}

// Rows over HTTP, in every format and in bodies of two sizes: to the API, and to a consumer that checks nothing.
import type { Environment } from '../../../db/core/settings';
import { freePort } from '../../../db/local/free-port';
import { apiSettings } from '../api/api-overhead';
import { canMeasureApi, withProcesses } from '../api/processes';
import { type HttpClient, httpClient } from '../http-client';
import { count } from '../report/format';
import { type BodyFormat, FORMATS } from './bodies';
import type { Row } from './rows';
import type { Method } from './speeds';

/** Rows of one body. */
const SIZES = [1_000, 10_000] as const;
/** As many as the API has connections for writing. */
const IN_FLIGHT = 4;

interface Door {
  readonly id: string;
  readonly title: string;
  readonly path: string;
  readonly formats: readonly BodyFormat[];
}

const DOORS: readonly Door[] = [
  { id: 'http', title: 'API', path: '/api/ingest/sensor_data', formats: FORMATS },
  // Bodies are parsed as JSON, so it takes no other format.
  { id: 'bare', title: 'bare HTTP consumer', path: '/', formats: FORMATS.filter(({ id }) => id === 'json') },
];

/** Gives `work` the methods while both servers run, or none where the API cannot be measured. */
export async function withHttpMethods<T>(
  rows: readonly Row[],
  { url, env }: { readonly url: string; readonly env: Environment },
  work: (methods: readonly Method[]) => Promise<T>,
): Promise<T> {
  if (!canMeasureApi()) return work([]);
  const ports = [await freePort(), await freePort()] as const;
  const programs = [
    { name: 'api-process' },
    { name: '../ingest/bare-consumer', args: [String(ports[1])] },
  ] as const;
  const own = { ...apiSettings(url, ports[0]), TSDB_RATE_LIMIT: '1000000' };
  const clients = ports.map((port) => httpClient(port, IN_FLIGHT));
  const methods = DOORS.flatMap((door, at) =>
    door.formats.flatMap((format) =>
      SIZES.map((size) => methodOf(rows, { door, format, size, client: clients[at] as HttpClient })),
    ),
  );
  return withProcesses(programs, { env, own }, () => work(methods)).finally(() => {
    for (const client of clients) client.close();
  });
}

interface Sending {
  readonly door: Door;
  readonly format: BodyFormat;
  readonly size: number;
  readonly client: HttpClient;
}

function methodOf(rows: readonly Row[], { door, format, size, client }: Sending): Method {
  const id = `${door.id}-${format.id}-${size / 1_000}k`;
  const title = `${door.title}, ${format.title}, ${count(size)} rows per request`;
  return {
    entries: [{ id, title, rows: rows.length }],
    run: async () => {
      const bodies = bodiesOf(rows, format, size);
      const started = performance.now();
      const waiting = bodies.values();
      const send = async (): Promise<void> => {
        for (const body of waiting) await client.send(door.path, { contentType: format.contentType, body });
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, send));
      return [{ id, milliseconds: performance.now() - started }];
    },
  };
}

function bodiesOf(rows: readonly Row[], format: BodyFormat, size: number): readonly Buffer[] {
  const bodies: Buffer[] = [];
  for (let at = 0; at < rows.length; at += size)
    bodies.push(Buffer.from(format.body(rows.slice(at, at + size))));
  return bodies;
}

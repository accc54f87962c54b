// The doors of InfluxDB 1 and 2, and of QuestDB: line protocol for all tables.
import { type Static, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiApp } from '../../http/instance';
import { ProblemError } from '../../http/problems';
import type { IngestParts } from '../../ingest/ingest-route';
import { lineProtocolPoints, type Precision } from '../../ingest/points/line-protocol';
import { textOf } from '../../ingest/read/body';
import { bodyOf, pointDoor, writePoints } from '../point-door';
import { explainAsInflux, influxProblems, partialWrite } from './answers';
import { probes } from './probes';

// Clients send more parameters than are needed here, for example `consistency`.
const WriteQuery = Type.Object({
  precision: Type.Optional(
    Type.String({
      maxLength: 12,
      description:
        'Unit of the timestamps: `ns` (default), `us`, `ms` or `s`; of InfluxDB 1 also `n`, `u`, `m`, `h`',
      examples: ['ms'],
    }),
  ),
  bucket: Type.Optional(Type.String({ description: 'Is ignored: the measurement names the table' })),
  org: Type.Optional(Type.String({ description: 'Is ignored' })),
  db: Type.Optional(Type.String({ description: 'Is ignored: the measurement names the table' })),
  rp: Type.Optional(Type.String({ description: 'Is ignored' })),
  u: Type.Optional(Type.String({ description: 'Is ignored: the key is the password' })),
  p: Type.Optional(Type.String({ description: 'The key, where clients cannot send a header' })),
});

const body = {
  content: {
    'text/plain': {
      schema: Type.Any({
        description: 'Line protocol, also compressed with gzip; any content type',
        examples: ['sensor_data,sensor_id=sensor_001 temperature=21.5 1795176000000000000\n'],
      }),
    },
  },
} as const;

const written = {
  204: Type.Null({ description: 'All points were stored' }),
  ...influxProblems,
};

/** Adds the routes. */
export function influxRoutes(app: ApiApp, parts: IngestParts): void {
  const door = (version: 1 | 2) => async (request: FastifyRequest, reply: FastifyReply) => {
    const precision = precisionOf((request.query as Static<typeof WriteQuery>).precision);
    const bytes = bodyOf(request);
    const text = textOf(bytes);
    const result = await writePoints(parts, request, reply, {
      format: `line-protocol-${precision}`,
      body: bytes,
      points: () => lineProtocolPoints(text, precision),
      about: [precision],
    });
    if (result.rejected > 0) throw partialWrite(result, version);
    return reply.code(204).send(null);
  };
  const addresses = [
    ['/api/v2/write', 2, 'influx-write', 'Stores points as InfluxDB 2 does'],
    ['/write', 1, 'influx-1-write', 'Stores points as InfluxDB 1 and QuestDB do'],
  ] as const;
  for (const [address, version, operationId, summary] of addresses)
    pointDoor(app, parts, (api) => {
      explainAsInflux(api, version);
      api.post(
        address,
        {
          config: { access: 'write', keyInQuery: true },
          schema: {
            tags: ['clients'],
            operationId,
            summary,
            querystring: WriteQuery,
            body,
            response: written,
          },
        },
        door(version),
      );
    });
  probes(app);
}

const PRECISION_NAMES: Readonly<Record<string, Precision>> = {
  ns: 'ns',
  n: 'ns',
  nanosecond: 'ns',
  us: 'us',
  u: 'us',
  µ: 'us',
  microsecond: 'us',
  ms: 'ms',
  millisecond: 'ms',
  s: 's',
  second: 's',
  m: 'm',
  h: 'h',
};

function precisionOf(given = 'ns'): Precision {
  const precision = Object.hasOwn(PRECISION_NAMES, given) ? PRECISION_NAMES[given] : undefined;
  if (precision) return precision;
  throw new ProblemError(
    'invalid-request',
    `precision is ${JSON.stringify(given)}; choose from ns, us, ms, s, and m or h as in InfluxDB 1`,
  );
}

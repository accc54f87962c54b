// The description of the API, made from the schemas that requests and answers are checked with.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { type ApiApp, accessTo } from './instance';

/** The groups that operations are shown in. */
export const tags = {
  sensors: 'Sensors: the default set `iot`',
  series: 'Series: every declared table',
  ingest: 'Writing rows, and rejected rows',
  clients: 'Clients of other databases: InfluxDB, QuestDB, Prometheus, OpenTelemetry',
  alerts: 'Thresholds and alerts',
  operations: 'State of chunks, jobs, aggregates and schema',
  access: 'Keys',
  health: 'Probes and metrics',
} as const;

/** Serves `/openapi.json`, and the same for people at `/docs`. */
export function openApi(app: ApiApp, auth: 'off' | 'keys'): void {
  app.register(swagger, {
    // Operations that need no key say so, as the document's own `security` holds for all others.
    transform: ({ schema, url, route }) => {
      const isOpen = auth === 'keys' && accessTo(url, route.config?.access) === 'open';
      return { schema: isOpen ? { ...schema, security: [] } : schema, url };
    },
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'TimescaleDB as code',
        version: '1',
        description: 'Time series of the declared schema. Times are UTC, RFC 3339 with microseconds.',
        license: { name: 'Apache-2.0' },
      },
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      ...(auth === 'keys' ? { security: [{ key: [] }] } : {}),
    },
  });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'API' },
    // Without this the page would send the document to a public validator.
    uiConfig: { validatorUrl: null },
    staticCSP: "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; object-src 'none'",
  });
  app.register(async (api) => {
    api.get('/openapi.json', { schema: { hide: true }, config: { access: 'open' } }, async () =>
      app.swagger(),
    );
  });
}

// The OpenAPI document is valid, complete and exact: every operation is called as documented, rightly and wrongly.
import SwaggerParser from '@apidevtools/swagger-parser';
import { testServers } from '../../db/local/test-servers';
import { TAKE_ANY_PARAMETER } from '../compat/testing/influx-examples';
import { startApi } from '../testing/api-under-test';
import { examples } from '../testing/examples';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { type Document, faultsOf, type Operation, operationsOf, readDocument } from '../testing/openapi';

describe.each(testServers())('the OpenAPI document on $describe', (server) => {
  const api = forSuite(() => startApi(server));
  let document: Document;
  let operations: readonly Operation[];

  beforeAll(async () => {
    document = await readDocument(api);
    operations = operationsOf(document);
    await runSql(
      api.url,
      `INSERT INTO sensor_data SELECT now() - n * interval '1 hour', 'sensor_001', n % 20, 50, 1000 FROM generate_series(1, 200) n`,
    );
    await refreshAll(api.url);
  });

  it('is valid', async () => {
    await expect(SwaggerParser.validate(structuredClone(document) as never)).resolves.toBeDefined();
  });

  it('names, groups and summarises every operation, and says that it can fail', () => {
    const groups = new Set(document.tags.map(({ name }) => name));
    for (const { operationId, summary, tags = [], responses, path } of operations) {
      expect([path, operationId !== undefined, Boolean(summary)]).toEqual([path, true, true]);
      expect([path, tags.map((tag) => groups.has(tag))]).toEqual([path, [true]]);
      expect([path, Object.keys(responses)]).toEqual([path, expect.arrayContaining(['4XX', '5XX'])]);
    }
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it('has every route of the API', async () => {
    const documented = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    const served = routesOf(api.app.printRoutes({ commonPrefix: false }));
    const known = served.filter(({ path }) => path.startsWith('/api/') || path.startsWith('/health'));
    expect(known.length).toBeGreaterThan(operations.length);
    for (const { path, method } of known) {
      const url = path.replaceAll(/\{\w+\}/g, 'x') as `/${string}`;
      const { statusCode } = await api.app.inject({ method: method as 'GET', url });
      const takes = statusCode !== 405 && method !== 'HEAD';
      expect([method, path, takes]).toEqual([method, path, documented.has(`${method} ${path}`)]);
    }
  });

  it('has an example of every operation', () => {
    expect(Object.keys(examples).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
  });

  it.each(Object.entries(examples))('%s answers as documented', async (id, calls) => {
    const operation = operations.find(({ operationId }) => operationId === id) as Operation;
    for (const { address, body, headers, status } of calls) {
      const answer = await api.app.inject({
        method: operation.method,
        url: address,
        ...(body === undefined ? {} : { payload: body }),
        ...(headers === undefined ? {} : { headers }),
      });
      expect([address, answer.statusCode, faultsOf(operation, answer)]).toEqual([address, status, []]);
    }
  });

  it.each(Object.entries(examples))('%s refuses what is not documented', async (id, calls) => {
    const operation = operations.find(({ operationId }) => operationId === id) as Operation;
    const { address, body, headers } = calls[0];
    const query = new URL(address, 'http://localhost').searchParams.size > 0 ? '&' : '?';
    for (const [url, status] of [
      [`${address}${query}nonsense=1`, TAKE_ANY_PARAMETER.includes(id) ? calls[0].status : 400],
      ...operation.parameters
        .filter((parameter) => parameter.in === 'query' && parameter.schema.type === 'integer')
        .map(({ name }) => [`${address}${query}${name}=x1`, 400] as const),
      ...operation.parameters
        .filter((parameter) => parameter.in === 'query' && parameter.schema.enum !== undefined)
        .map(
          ({ name }) =>
            [`${address.replace(new RegExp(`${name}=[^&]*&?`), '')}${query}${name}=x1`, 400] as const,
        ),
    ] as const) {
      const answer = await api.app.inject({
        method: operation.method,
        url,
        ...(body === undefined ? {} : { payload: body }),
        ...(headers === undefined ? {} : { headers }),
      });
      expect([url, answer.statusCode, faultsOf(operation, answer)]).toEqual([url, status, []]);
    }
  });
});

/** Reads Fastify's drawing of its routes, a tree of the parts of their addresses. */
function routesOf(tree: string): { path: string; method: string }[] {
  const above: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^(.*)── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (!match) return [];
    const [, indent = '', part = '', methods = ''] = match;
    const depth = Math.floor(indent.length / 4);
    above[depth] = `${above[depth - 1] ?? ''}${part}`;
    const path = above[depth].replaceAll(/:(\w+)/g, '{$1}');
    return methods.split(', ').map((method) => ({ path, method }));
  });
}

// Every declared table and column answers everything that its type allows, on real servers.
import { ident, relation } from '../../../db/core/sql';
import { desiredFrom } from '../../../db/language/desired';
import { testServers } from '../../../db/local/test-servers';
import { selectSets } from '../../../db/schema/sets';
import { type SeriesTable, seriesTables } from '../../database/tables';
import { startApi } from '../../testing/api-under-test';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { columnsOfKind, GROUPABLE, kindOf, NUMERIC, ORDERED, type TypeKind } from '../request/column-types';
import { columnOf } from '../request/figures';
import { refreshEvery } from '../testing/data';
import { getSeries, type Parameters } from '../testing/ten-days';

const SETS = 'iot,monitoring,market,apm,business,metrics,service';
const desired = desiredFrom(selectSets(SETS));
const tables = seriesTables(desired);
const range = { from: '2026-01-01', to: '2026-01-02' };

const VALUES: Readonly<Record<TypeKind, string>> = {
  integer: '7',
  number: '2.5',
  text: 'a,b "c"',
  boolean: 'true',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
  time: '2026-01-01T10:00:00Z',
  date: '2026-01-01',
  inet: '10.0.0.1',
  json: '{"k":"v"}',
  other: '(1,2)',
};

describe.each(testServers())('every table on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: SETS } }));

  beforeAll(async () => {
    for (const { hypertable } of tables.values()) {
      const { columnNames } = hypertable;
      const sql = `INSERT INTO ${relation(hypertable)} (${columnNames.map((name) => ident(name)).join(', ')})
        VALUES (${columnNames.map((_, at) => `$${at + 1}`).join(', ')})`;
      const values = columnNames.map((name) => VALUES[kindOf(columnOf(hypertable, name)?.type ?? '')]);
      await runSql(api.url, sql, values);
    }
    await refreshEvery(api.url, desired);
  });

  it.each([...tables.values()].map((table) => [table.name, table] as const))(
    'answers about %s',
    async (name, table) => {
      const paths = requests(table);
      expect(paths.length).toBeGreaterThan(10);
      for (const [path, parameters] of paths) {
        const { status, body } = await getSeries(api, `${name}${path}`, parameters);
        const asked = [name, path, JSON.stringify(parameters)];
        expect([...asked, status, body.detail]).toEqual([...asked, 200, undefined]);
        // A series that has one row only is not far from anything.
        expect([...asked, body.count]).toEqual([...asked, path === '/anomalies' ? 0 : 1]);
      }
    },
  );
});

/** What can be asked about a table of one row. */
function requests({ hypertable }: SeriesTable): readonly (readonly [string, Parameters])[] {
  const all = hypertable.columnNames.filter((name) => name !== hypertable.time);
  const of = (kinds: ReadonlySet<TypeKind>) =>
    columnsOfKind(hypertable, kinds).filter((name) => all.includes(name));
  const figures = [
    'count(*)',
    ...all.flatMap((name) => ['count', 'first', 'last'].map((fn) => `${fn}(${name})`)),
    ...of(ORDERED).flatMap((name) => [`min(${name})`, `max(${name})`]),
    ...of(GROUPABLE).map((name) => `distinct(${name})`),
    ...of(NUMERIC).flatMap((name) =>
      ['avg', 'sum', 'stddev', 'median', 'p05', 'p99'].map((fn) => `${fn}(${name})`),
    ),
  ];
  return [
    ['', range],
    ['/latest', {}],
    ...figures.map((field) => ['', { field, bucket: '1d', fill: 'locf', ...range }] as const),
    ...of(GROUPABLE).flatMap((by) => [
      ['', { field: 'count', by, bucket: '1h', ...range }] as const,
      ['/latest', { by }] as const,
      ['/keys', { by }] as const,
    ]),
    ...all
      .flatMap((name) => conditions(name, kindOf(columnOf(hypertable, name)?.type ?? '')))
      .map((where) => ['', { where, ...range }] as const),
    ...of(NUMERIC).flatMap((field) => [
      ['', { field, downsample: 'lttb', ...range }] as const,
      ['', { field, downsample: 'minmax', points: '1', ...range }] as const,
      ['/summary', { field, ...range }] as const,
      ['/anomalies', { field, ...range }] as const,
      ['/moving-average', { field, window: '1h', ...range }] as const,
      ['/moving-average', { field, window: '1mo', bucket: '1d', ...range }] as const,
    ]),
  ];
}

function conditions(name: string, kind: TypeKind): readonly string[] {
  const value = VALUES[kind];
  if (kind === 'other') return [];
  if (kind === 'json') return [`${name} @> ${value}`];
  return [`${name}=${value}`, `${name} >= ${value}`, `${name} in ${JSON.stringify([value, value])}`];
}

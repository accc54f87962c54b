import { summaryOf } from './test-run';
import type { TestServer } from './test-servers';

const server = (describe: string): TestServer => ({
  engine: describe.includes('Timescale') ? 'timescaledb' : 'postgres',
  url: 'postgresql://127.0.0.1/postgres',
  describe,
});
const EMBEDDED = server('PostgreSQL 18.4 (embedded)');
const CITUS: TestServer = { ...server('PostgreSQL 18.6 + Citus 14.0-1 (x)'), engine: 'citus' };

// More of `summaryOf` is in servers.test.ts.
describe('what a test run begins with', () => {
  it.each([
    'PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (installed)',
    'PostgreSQL 18.6 + TimescaleDB 2.28.3',
  ])('names %s', (describe) => {
    expect(summaryOf([EMBEDDED, server(describe), CITUS], {})).toBe(
      `db tests run on: PostgreSQL 18.4 (embedded) · ${describe} · ${CITUS.describe}`,
    );
  });

  it.each([
    ['PostgreSQL 18.6 + TimescaleDB 2.31.0 Community (x)', 'TimescaleDB 2.31.0 is newer than 2.29'],
    ['PostgreSQL 18.6 + TimescaleDB 3.0.0 Community (x)', 'TimescaleDB 3.0.0 is newer than 2.29'],
    ['PostgreSQL 19.1 + TimescaleDB 2.29.2 Community (x)', 'PostgreSQL 19.1 is newer than 18'],
  ])('takes %s, with a note', (describe, note) => {
    const [servers, ...notes] = summaryOf([EMBEDDED, server(describe)], {}).split('\n');
    expect(servers).toContain(describe);
    expect(notes).toEqual([expect.stringContaining(note)]);
  });
});

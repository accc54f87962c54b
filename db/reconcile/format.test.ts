import type { Plan, Step } from '../model';
import { formatPlan, noPaint } from './format';
import { formatPlanMarkdown } from './format-markdown';

const step = (change: Partial<Step>): Step => ({
  id: 'x',
  object: 'public.a',
  action: 'create',
  summary: 'something',
  sql: ['SELECT 1'],
  transactional: true,
  lock: 'none',
  hazards: [],
  ...change,
});

const plan = (change: Partial<Plan>): Plan => ({
  version: 1,
  server: { engine: 'timescaledb', serverVersion: '17.11', timescaledbVersion: '2.29.2', database: 'tsdb' },
  fingerprint: '0123456789abcdef0123',
  steps: [],
  refusals: [],
  emulated: [],
  unavailable: [],
  distributed: [],
  undeclared: [],
  warnings: [],
  ...change,
});

const dangerous = plan({
  steps: [
    step({ id: 'one', summary: 'hypertable on time' }),
    step({ id: 'two', object: 'public.b', action: 'drop', summary: 'policy | not declared' }),
    step({
      id: 'three',
      action: 'change',
      summary: 'drop what is older than 30 days',
      hazards: [{ name: 'deletes-data', reason: 'the next run deletes 12 chunks' }],
      impact: { chunks: 12, rows: 1_234_567, bytes: 101_187_584 },
    }),
  ],
  refusals: [{ object: 'public.c', what: 'has type <text>', why: 'rows', wayOut: 'by hand' }],
  undeclared: ['index x of public.a'],
  warnings: ['public.d is not declared any more, but job 1003 goes on <deleting>'],
});

describe('formatPlan', () => {
  it('groups by object and puts impact at the right edge', () => {
    expect(formatPlan(dangerous, noPaint, { width: 80 }).split('\n')).toEqual([
      'engine  TimescaleDB 2.29.2 on PostgreSQL 17.11, database tsdb',
      'undeclared, left alone  index x of public.a',
      'warning  public.d is not declared any more, but job 1003 goes on <deleting>',
      '',
      'public.a',
      '  + hypertable on time',
      `  ~ drop what is older than 30 days${' '.repeat(8)}12 chunks, about 1.2 M rows, 96.5 MiB`,
      '      deletes-data: the next run deletes 12 chunks',
      '',
      'public.b',
      '  - policy | not declared',
      '',
      '! public.c has type <text>',
      '    why: rows',
      '    way out: by hand',
      '',
      '3 steps: 1 to create, 1 to change, 1 to drop, 0 to run; 1 warning; 1 refused; needs --allow deletes-data',
    ]);
  });

  it('says so when there is nothing to do', () =>
    expect(formatPlan(plan({}))).toMatch(/\n\nIn sync: the database is as declared\.$/));

  it('warns although there is nothing to do', () =>
    expect(formatPlan(plan({ warnings: ['job 1 is paused', 'job 2 is paused'] }))).toMatch(
      /\nwarning {2}job 2 is paused\n\nIn sync: the database is as declared\.; 2 warnings$/,
    ));

  it('shows statements below their step when asked, but no script of the internals', () => {
    const shown = formatPlan(
      plan({
        steps: [
          step({
            id: 'internals:tsdb',
            object: 'tsdb',
            sql: ['CREATE SCHEMA tsdb;\nSELECT 1;', 'COMMENT ON SCHEMA tsdb IS 1'],
          }),
          step({ id: 'fill', transactional: false, sql: ['CALL x(\n1)', 'SELECT 2'] }),
        ],
      }),
      noPaint,
      { sql: true },
    ).split('\n');
    expect(shown.slice(2, 14)).toEqual([
      'tsdb',
      '  + something',
      '      -- internals:tsdb',
      expect.stringMatching(/^ {6}-- a script of this program, 2 lines, sha256 [0-9a-f]{64}$/),
      '      COMMENT ON SCHEMA tsdb IS 1;',
      '',
      'public.a',
      '  + something',
      '      -- fill; each statement runs on its own',
      '      CALL x(',
      '      1);',
      '      SELECT 2;',
    ]);
  });

  it('marks what is dangerous', () => {
    const paint = { ...noPaint, red: (text: string) => `<red>${text}</red>` };
    expect(formatPlan(dangerous, paint)).toContain('<red>deletes-data</red>: the next run');
  });
});

describe('formatPlanMarkdown', () => {
  it('is one table with hazards and impact, and the statements folded away', () => {
    const text = formatPlanMarkdown(dangerous);
    expect(text).toContain('> ⚠️ Needs consent: `--allow deletes-data`');
    expect(text).toContain('> ⚠️ public.d is not declared any more, but job 1003 goes on &lt;deleting>\n\n');
    expect(text).toContain(
      '| `public.a` | create | hypertable on time |  |  |\n|  | change | drop what is older than 30 days | **deletes-data**: the next run deletes 12 chunks | 12 chunks, about 1.2 M rows, 96.5 MiB |',
    );
    expect(text).toContain('| `public.b` | **drop** | policy \\| not declared |');
    expect(text).toContain('| `public.c` has type &lt;text> | rows | by hand |');
    expect(text).toContain('-- one\nSELECT 1;\n-- two');
  });

  it('has rows of equal width in every table', () => {
    const tables = formatPlanMarkdown(dangerous)
      .split('\n\n')
      .filter((part) => part.startsWith('|'));
    for (const table of tables) {
      const widths = table.split('\n').map((row) => row.replaceAll('\\|', '').split('|').length);
      expect(new Set(widths).size).toBe(1);
    }
    expect(tables).toHaveLength(2);
  });

  it('is short for a database in sync', () =>
    expect(formatPlanMarkdown(plan({})).split('\n').length).toBeLessThan(8));
});

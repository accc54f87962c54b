import { type Measurement, reportOf } from './speeds';

const at = (id: string, milliseconds: number, peakBytes: number | null = null): Measurement => ({
  id,
  milliseconds,
  peakBytes,
});
const entries = [
  { id: 'copy', title: 'COPY', rows: 1_000 },
  { id: 'import', title: 'import', rows: 1_000 },
  { id: 'psql-copy', title: 'psql', rows: 1_000 },
];
const rest = { rows: 1_000, fileBytes: 5, missing: [] };

it('gives rows per second, and the ratio to psql of the same round', () => {
  const rounds = [
    [at('psql-copy', 100), at('copy', 50), at('import', 400, 90e6)],
    [at('copy', 500), at('import', 400, 110e6), at('psql-copy', 1_000)],
  ];
  const [copy, ours] = reportOf(entries, rounds, rest).methods;
  expect(copy).toMatchObject({
    speed: { unit: 'rows/s', median: 11_000, min: 2_000, max: 20_000 },
    toPsqlCopy: { median: 2, min: 2, max: 2 },
    peakMemory: null,
  });
  expect(ours?.peakMemory).toMatchObject({ unit: 'MB', median: 100, max: 110 });
});

it('compares with one COPY of the file where psql is missing', () => {
  const both = [{ id: 'copy-file', title: 'file', rows: 1_000 }, ...entries.slice(0, 1)];
  const { methods } = reportOf(both, [[at('copy', 50), at('copy-file', 100)]], rest);
  expect(methods[1]?.toPsqlCopy).toMatchObject({ median: 2 });
});

it('has no ratio without psql', () => {
  const report = reportOf(entries.slice(0, 1), [[at('copy', 10)]], rest);
  expect(report.methods[0]?.toPsqlCopy).toBeNull();
});

it('refuses a round in which a method is missing', () => {
  expect(() => reportOf(entries.slice(0, 2), [[at('copy', 10)]], rest)).toThrow(RangeError);
});

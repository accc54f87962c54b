import { summarize, summarizeRatio } from '../report/statistics';
import { formatSynth, type SynthReport } from './synth';

const report = (stacks: readonly number[], megabytes: number): SynthReport => ({
  stacks: summarize(stacks, 'ms'),
  empty: summarize([500, 500, 500], 'ms'),
  ratio: summarizeRatio(stacks, [500, 500, 500]),
  peak: summarize([megabytes], 'MB'),
});

const first = report([1900, 2000, 2100], 150);

describe('formatSynth', () => {
  it('holds the median ratios and the memory against their limits', () => {
    expect(formatSynth(report([700, 750, 9000], 199), first).split('\n')).toEqual([
      'all stacks       750 ms  (700–9,000 ms)',
      'first time     2,000 ms  (1,900–2,100 ms)',
      'empty app        500 ms  (500–500 ms)',
      'times as much     1.50×  (1.40–18.0×) at most 1.50×: met',
      '  first time      4.00×  (3.80–4.20×) at most 4.00×: met',
      'peak memory      199 MB  (199–199 MB) at most 200 MB: met',
      '  first time     150 MB  (150–150 MB) at most 200 MB: met',
      'medians of 3 runs, smallest and largest in brackets; the first time of 3 runs',
    ]);
    const missed = formatSynth(report([751, 751, 751], 201), report([2001, 2001, 2001], 201));
    expect(missed.match(/not met/g)).toHaveLength(4);
  });

  it('leaves out what the system does not tell', () => {
    const silent = { ...report([900, 900, 900], 1), peak: null };
    expect(formatSynth(silent, silent)).not.toContain('memory');
  });
});

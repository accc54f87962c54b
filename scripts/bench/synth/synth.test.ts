import { summarize, summarizeRatio } from '../report/statistics';
import { formatSynth, type SynthReport } from './synth';

const report = (stacks: readonly number[], megabytes: number): SynthReport => ({
  stacks: summarize(stacks, 'ms'),
  empty: summarize([500, 500, 500], 'ms'),
  ratio: summarizeRatio(stacks, [500, 500, 500]),
  peak: summarize([megabytes], 'MB'),
});

describe('formatSynth', () => {
  it('holds the median ratio and the memory against their limits', () => {
    expect(formatSynth(report([900, 1000, 9000], 299)).split('\n')).toEqual([
      'all stacks     1,000 ms  (900–9,000 ms)',
      'empty app        500 ms  (500–500 ms)',
      'times as much     2.00×  (1.80–18.0×) at most 2.00×: met',
      'peak memory      299 MB  (299–299 MB) at most 300 MB: met',
      'medians of 3 runs, smallest and largest in brackets',
    ]);
    expect(formatSynth(report([1001, 1001, 1001], 301)).match(/not met/g)).toHaveLength(2);
  });

  it('leaves out what the system does not tell', () => {
    expect(formatSynth({ ...report([900, 900, 900], 1), peak: null })).not.toContain('memory');
  });
});

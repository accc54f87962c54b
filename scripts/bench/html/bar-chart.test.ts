import { summarize } from '../statistics';
import { type BarChart, barChart } from './bar-chart';

const chart: BarChart = {
  title: 'Times of "a" & b',
  unit: 'ms',
  axis: 'linear',
  groups: [{ bars: [{ label: '<b>', kind: 'plain', value: summarize([10, 20, 30, 40, 80], 'ms') }] }],
};

it('draws the bar to the median, the middle half and the range', () => {
  const { markup } = barChart(chart);
  expect(markup).toMatch(/<rect class="plain"[^>]*width="37.50%"/);
  expect(markup).toMatch(/class="range" x1="12.50%" x2="100.00%"/);
  expect(markup).toMatch(/class="middle" x1="25.00%" x2="50.00%"/);
  expect(markup).toContain('>30.0 ms</text>');
});

it('escapes labels and its name', () => {
  const { markup } = barChart(chart);
  expect(markup).not.toContain('<b>');
  expect(markup).toContain('aria-label="Times of &#34;a&#34; &#38; b"');
});

it('draws a saving below nothing as nothing, on an axis that reaches 100', () => {
  const { markup } = barChart({
    ...chart,
    unit: '%',
    reach: 100,
    groups: [{ bars: [{ label: 'grew', kind: 'good', value: -21.7 }] }],
  });
  expect(markup).toContain('width="0.00%"');
  expect(markup).toContain('>-21.7 %</text>');
  expect(markup).toMatch(/>100<\/text>/);
});

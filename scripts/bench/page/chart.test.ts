import { summarize } from '../report/statistics';
import { drawChart } from './chart';

const chart = (medians: readonly (readonly number[])[]) =>
  drawChart({
    title: 'latency',
    grows: 'rows <&>',
    at: ['1', '4', '16'],
    lines: medians.map((line, at) => ({
      title: `line ${at}`,
      figures: line.map((median) => summarize([median], 'ms')),
    })),
  }).markup;

it('draws figures from zero upwards and sizes at equal distances', () => {
  expect(chart([[0, 5, 10]])).toContain('points="90.0,190.0 335.0,102.0 580.0,14.0"');
});

it('draws all lines on one scale, each in a colour of its own', () => {
  const markup = chart([
    [10, 10, 10],
    [5, 5, 5],
  ]);
  expect(markup).toContain('points="90.0,102.0 335.0,102.0 580.0,102.0" stroke="var(--c1)"');
  expect(markup).toContain('<title>line 1: 5.00 ms</title>');
  expect(markup).toContain('latency over rows &#60;&#38;&#62;');
});

it('draws one size, and figures that are all zero', () => {
  expect(chart([[0, 0, 0]])).not.toContain('NaN');
  expect(drawChart({ title: 't', grows: 'g', at: ['1'], lines: [] }).markup).not.toMatch(/NaN|Infinity/);
});

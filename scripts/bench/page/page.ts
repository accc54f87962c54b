// A benchmark's report as one page that needs nothing else: no script, no request, light and dark, any width.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, counted, machineLine, number, optionsLine } from '../report/format';
import type { BenchReport } from '../report/report';
import { askedTable, budgetTable, sideBySideTable, tablesOf } from '../report/tables';
import { drawChart } from './chart';
import { html, type Markup, trusted } from './markup';
import { summary } from './summary';
import { drawTable } from './table';

/** The page as text. It holds every figure of the report; whatever comes from outside, such as a server's settings, is escaped. */
export function reportPage(report: BenchReport): string {
  const { servers, budgets, machine, notes } = report;
  const busy = notes.find((note) => note.startsWith('Other work'));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>TimescaleDB benchmark, ${report.started.slice(0, 10)}</title>
<style>${platformStyle('theme.css')}${platformStyle('cards.css')}${trusted(STYLE)}</style>
</head>
<body>
<h1>Benchmark of the time-series platform</h1>
<p>${instant(report.started)} to ${instant(report.finished)} · ${servers.map(({ describe }) => describe).join(' · ')}</p>
<p>${machineLine(machine)}</p>
${busy && html`<p class="busy">${busy}</p>`}
${servers.map(
  (server) => html`<h2>${server.describe}</h2>
${summary(server, budgets)}
${tablesOf(server).map(drawTable)}
${server.growth?.charts.map(drawChart)}
${server.queries && drawTable(askedTable(server.queries))}`,
)}
${servers.length > 1 && html`<h2>Side by side</h2>${drawTable(sideBySideTable(servers))}`}
${budgets.length > 0 && html`<h2>Budgets</h2>${drawTable(budgetTable(budgets))}`}
<h2>How it was measured</h2>
<p>${optionsLine(report)}. Figures are medians; below each are the middle half, from the first to the third quartile, and the range, from the least to the greatest.</p>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>
<h2>Machine and settings</h2>
${facts('Machine', {
  Processor: `${machine.cpu}, ${counted(machine.cores, 'core')}`,
  Memory: bytes(machine.memoryBytes),
  System: machine.os,
  'Node.js': machine.node,
  'Load (last minute)': `${number(machine.loadBefore)} before, ${number(machine.loadAfter)} after`,
})}
${servers.map(({ describe, postgresVersion, timescaledbVersion, settings, seconds }) =>
  facts(describe, {
    PostgreSQL: postgresVersion,
    ...(timescaledbVersion === null ? {} : { TimescaleDB: timescaledbVersion }),
    ...settings,
    'measured in': `${seconds} s`,
  }),
)}
<h2>Again</h2>
<p>From a checkout of the repository, with the same settings; without DATABASE_URL it starts private servers of both engines.</p>
<pre class="card">${report.command}</pre>
<details><summary>All figures as JSON</summary><pre class="card" tabindex="0">${JSON.stringify(report, null, 2)}</pre></details>
</body>
</html>
`.markup;
}

const facts = (title: string, named: Readonly<Record<string, string>>): Markup =>
  html`<div class="card"><h3>${title}</h3><dl>${Object.entries(named).map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl></div>`;

const instant = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`;

// The page of the platform and this one look alike.
const platformStyle = (file: string): Markup =>
  trusted(readFileSync(join(__dirname, '..', '..', '..', 'api', 'public', file), 'utf8'));

const STYLE = `
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem clamp(0.9rem, 3vw, 2rem) 3rem; background: var(--ground); color: var(--ink); font: 16px / 1.5 system-ui, sans-serif; }
h1, h3, p { margin: 0 0 0.5rem; }
h2 { margin: 2.5rem 0 0.75rem; }
small { display: block; font-weight: 400; color: var(--soft); }
pre { overflow: auto; max-height: 30rem; }
.card { margin: 0 0 1rem; }
.busy { padding: 0.65rem 0.9rem; border-radius: 0.6rem; background: var(--warning-ground); color: var(--warning); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 12rem), 1fr)); gap: 0 0.9rem; margin: 0; padding: 0; list-style: none; }
.tiles strong { display: block; font-size: 1.5rem; }
.met, .missed { display: inline-block; margin-top: 0.4rem; padding: 0.1rem 0.6rem; border-radius: 1rem; font-size: 0.8125rem; background: var(--good-ground); color: var(--good); }
.missed { background: var(--fault-ground); color: var(--fault); }
.scroll { max-height: none; }
caption { color: var(--ink); font-size: 1rem; font-weight: 600; }
th, td { vertical-align: top; }
th[scope="row"] { font-weight: 500; }
.bar { display: block; width: 9rem; height: 0.5rem; margin: 0.25rem 0 0 auto; background: var(--raised); }
.bar i { display: block; height: 100%; background: var(--c2); }
.chart svg { width: 100%; height: auto; max-width: 48rem; }
.chart text { fill: var(--soft); font-size: 12px; }
.chart .level { stroke: var(--raised); }
.chart polyline { fill: none; stroke-width: 2; }
@media print { details { display: none; } .card { break-inside: avoid; } }
`;

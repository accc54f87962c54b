// A benchmark's report as one page that needs nothing else: no script, no request, light and dark, any width.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytes, machineLine, number, optionsLine } from '../format';
import type { BenchReport, ServerReport } from '../report';
import { dataTable } from './data-table';
import { glanceTable } from './glance';
import { html, type Markup, trusted } from './markup';
import { querySection } from './query-section';
import { apiSection, compressionSection, ingestSection } from './sections';
import { STYLE } from './style';
import { summaryTiles, verdict } from './summary';

/** The page as text. */
export function reportPage(report: BenchReport): string {
  const { servers, budgets, machine } = report;
  const busy = report.notes.find((note) => note.startsWith('Other work'));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>TimescaleDB benchmark, ${report.started.slice(0, 10)}</title>
<style>${trusted(themeColours())}${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1>Benchmark of the time-series platform</h1>
<p>${instant(report.started)} to ${instant(report.finished)} · ${servers.map(({ describe }) => describe).join(' · ')}</p>
<p>${machineLine(machine)}</p>
${busy === undefined ? undefined : html`<p class="busy">${busy}</p>`}
</header>
<main>
${servers.map((server) => html`<h2>${server.describe}</h2>${summaryTiles(server, budgets)}`)}
${sideBySide(servers)}
${section('Queries: raw rows and aggregate', servers, ({ queries }) => queries && querySection(queries), QUERY_LEGEND)}
${section('Ingest', servers, ({ ingest }) => ingest && ingestSection(ingest), INGEST_LEGEND)}
${section('Columnstore', servers, ({ compression }) => compression && compressionSection(compression))}
${section('API', servers, ({ api }) => api && apiSection(api))}
${budgets.length === 0 ? undefined : html`<h2>Budgets</h2><article>${budgetTable(report)}</article>`}
<h2>How it was measured</h2>
<article><p>${optionsLine(report)}. Figures are medians; the middle half is from the first to the third quartile, the range from the least to the greatest.</p>
<ul class="notes">${report.notes.map((note) => html`<li>${note}</li>`)}</ul></article>
<h2>Machine and settings</h2>
<article>${machineList(report)}</article>
${servers.map(settingsList)}
<h2>Again</h2>
<p>From a checkout of the repository, with the same settings; without DATABASE_URL it starts private servers of both engines.</p>
<pre>${report.command}</pre>
<p></p>
<details><summary>All figures as JSON</summary><pre tabindex="0">${JSON.stringify(report, null, 2)}</pre></details>
</main>
</body>
</html>
`;
  return page.markup;
}

// The page of the platform and this one look alike.
const themeColours = (): string =>
  readFileSync(join(__dirname, '..', '..', '..', 'api', 'public', 'theme.css'), 'utf8');

function section(
  title: string,
  servers: readonly ServerReport[],
  content: (server: ServerReport) => Markup | undefined,
  legend?: Markup,
): Markup | undefined {
  const articles = servers.flatMap((server) => {
    const part = content(server);
    return part === undefined ? [] : [html`<article><h3>${server.describe}</h3>${part}</article>`];
  });
  return articles.length === 0 ? undefined : html`<h2>${title}</h2>${legend}${articles}`;
}

function sideBySide(servers: readonly ServerReport[]): Markup | undefined {
  const compared = glanceTable(servers);
  return compared && html`<h2>Side by side</h2><article>${compared}</article>`;
}

const SPREAD = html`<li><i class="line"></i>least to greatest</li><li><i class="line thick"></i>middle half</li>`;

const QUERY_LEGEND = html`<ul class="legend"><li><i style="background: var(--plain)"></i>raw rows, stored as rows</li><li><i style="background: var(--packed)"></i>raw rows as declared: in the columnstore after 7 days</li><li><i style="background: var(--c2)"></i>aggregate</li>${SPREAD}</ul>`;

const INGEST_LEGEND = html`<ul class="legend"><li><i style="background: var(--plain)"></i>one session of the driver</li><li><i style="background: var(--c1)"></i>tsdb import</li><li><i style="background: var(--packed)"></i>psql</li>${SPREAD}</ul>`;

const budgetTable = ({ budgets }: BenchReport): Markup =>
  dataTable({
    caption: 'Limits that the design sets, held against this run',
    header: ['', 'engine', 'found', 'verdict'],
    text: [1, 3],
    rows: budgets.map((budget) => [budget.title, budget.engine, budget.found, verdict(budget)]),
  });

const machineList = ({ machine }: BenchReport): Markup =>
  list({
    Processor: `${machine.cpu}, ${machine.cores} cores`,
    Memory: bytes(machine.memoryBytes),
    System: machine.os,
    'Node.js': machine.node,
    'Load (last minute)': `${number(machine.loadBefore)} before, ${number(machine.loadAfter)} after`,
  });

const settingsList = ({
  describe,
  postgresVersion,
  timescaledbVersion,
  settings,
  seconds,
}: ServerReport): Markup =>
  html`<article><h3>${describe}</h3>${list({
    PostgreSQL: postgresVersion,
    ...(timescaledbVersion === null ? {} : { TimescaleDB: timescaledbVersion }),
    ...settings,
    'measured in': `${seconds} s`,
  })}</article>`;

const list = (facts: Readonly<Record<string, string>>): Markup =>
  html`<dl>${Object.entries(facts).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;

const instant = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`;

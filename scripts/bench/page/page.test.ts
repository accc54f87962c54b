import { medianOf, percent, spreadOf } from '../report/format';
import type { BenchReport } from '../report/report';
import type { Measured } from '../report/statistics';
import { sampleReport } from '../testing/sample-report';
import { reportPage } from './page';

const page = reportPage(sampleReport);

/** What can be read of the page, its JSON left out. */
const textOf = (html: string): string =>
  html
    .replace(/<(style|details)>.*?<\/\1>/gs, '')
    .replace(/<[^>]*>/g, '\n')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

/** Every measured figure at any depth. */
function figuresIn(value: unknown): readonly Measured[] {
  if (typeof value !== 'object' || value === null) return [];
  return 'median' in value ? [value as Measured] : Object.values(value).flatMap(figuresIn);
}

describe('the page', () => {
  it('closes each element that it opens', () => {
    const open: string[] = [];
    for (const [, end, name = ''] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (end) expect(open.pop()).toBe(name);
      else if (name !== 'meta') open.push(name);
    }
    expect(open).toEqual([]);
  });

  it('tells every figure of the report', () => {
    const lines = new Set(textOf(page).split('\n'));
    const figures = figuresIn(sampleReport);
    expect(figures.length).toBeGreaterThan(60);
    for (const figure of figures)
      for (const text of [medianOf(figure), spreadOf(figure)[1]]) expect(lines).toContain(text);
    for (const { compression } of sampleReport.servers)
      for (const { savedPercent } of compression ? [...compression.tables, compression.total] : [])
        expect(lines).toContain(percent(savedPercent));
    for (const text of [
      ...sampleReport.notes,
      ...sampleReport.budgets.flatMap(({ title, found }) => [title, found]),
    ])
      expect(lines).toContain(text);
    for (const fact of [
      '2026-10-22',
      '432,000',
      '7,200',
      '3.1e-16',
      'public.sensor_data_hourly',
      '34.0 MB',
      '5.80 MB',
    ])
      expect(lines).toContain(fact);
  });

  it('asks for nothing: no script, no address, no import', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed|base|form)\b/i);
    expect(page).not.toMatch(/\b(src|href|srcset|action|xlink:href)\s*=/i);
    expect(page).not.toMatch(/https?:|url\(|@import|\/\/[a-z0-9-]+\.[a-z]/i);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('escapes whatever comes from outside', () => {
    const evil = '<img src=x onerror="alert(1)">&amp;';
    const [first, ...others] = sampleReport.servers;
    const report = {
      ...sampleReport,
      command: evil,
      notes: [evil, `Other work ${evil}`],
      machine: { ...sampleReport.machine, cpu: evil, os: evil, node: evil },
      servers: [{ ...first, describe: evil, settings: { [evil]: evil } }, ...others],
    } as BenchReport;
    const text = reportPage(report);
    expect(text).not.toContain('<img');
    expect(text).not.toMatch(/"alert/);
    expect(text).toContain('&#60;img src=x onerror=&#34;alert(1)&#34;&#62;&#38;amp;');
  });

  it('draws bars in proportion to the medians that they compare', () => {
    const row = /hourly, a day<\/th>(.*?)<\/tr>/s.exec(page)?.[1] ?? '';
    expect(row.match(/width:[\d.]+%/g)).toEqual(['width:100.00%', 'width:11.43%']);
    const copy = /COPY, one stream from Node<\/th>(.*?)<\/tr>/s.exec(page)?.[1] ?? '';
    expect(copy).toContain('width:100.00%');
    // A table that grew saves nothing.
    expect(page).toMatch(/-25\.0 %<span class="bar"><i style="width:0\.00%">/);
  });

  it('has a table for each part with a name, and one for both servers', () => {
    for (const caption of [
      'Queries: raw rows vs aggregate, all sensors (5,256,000 rows, 366 chunks, 358 of them in the columnstore as declared)',
      'Queries: what was asked; both answers were compared',
      'Ingest: 200,000 rows, 11.4 MB as CSV',
      'Compression: columnstore of each declared table',
      'API: hourly figures of one sensor over a week',
      'Growth: latency of the API over rows',
      'Main figures of the servers',
    ])
      expect(page).toContain(`<caption>${caption}`);
    for (const cell of [
      'in the server, raw as rows',
      'in the server, raw as declared',
      'whole answer in the client',
    ])
      expect(page).toContain(`<td>${cell}</td>`);
    expect(page).not.toMatch(/<div class="card scroll"(?![^>]* aria-label="[^"]{10,}")/);
    expect(page).toContain('>hourly, 30 days: aggregate, times as fast as raw rows<');
  });

  it('says in words what is faster and what is slower', () => {
    expect(page).toContain('<strong>65.6× faster</strong>');
    const [first] = sampleReport.servers;
    const slower = JSON.parse(JSON.stringify(first));
    slower.queries.cases[1].asRows.ratio.median = 0.6;
    expect(reportPage({ ...sampleReport, servers: [slower] })).toContain('<strong>1.67× slower</strong>');
  });

  it('says what it ran on and how to repeat it', () => {
    for (const text of [
      'A Processor',
      '25.3 GB',
      'A System 12',
      '20.20.0',
      '2.29.2',
      'shared_buffers',
      'npm run tsdb -- bench --days 365',
      'met: at least 50×',
      'missed: at least 92 %',
    ])
      expect(page).toContain(text);
  });

  it('is laid out for phones, and for light and dark', () => {
    expect(page).toContain('name="viewport" content="width=device-width');
    expect(page).toContain('color-scheme: light dark');
    expect(page).toContain('--ground: light-dark(#');
  });

  it('leaves out parts that were not measured', () => {
    const servers = sampleReport.servers.map(
      ({ queries, ingest, compression, api, growth, ...rest }) => rest,
    );
    const short = reportPage({ ...sampleReport, servers, budgets: [] });
    expect(short).not.toMatch(/class="bar"|<svg|Budgets|Ingest/);
    expect(short).toContain('Machine and settings');
  });
});

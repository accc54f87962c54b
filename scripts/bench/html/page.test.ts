import type { BenchReport } from '../report';
import { sampleReport } from '../testing/sample-report';
import { reportPage } from './page';

const page = reportPage(sampleReport);

const tagsOf = (html: string, name: string): readonly string[] =>
  html.match(new RegExp(`<${name}[ >][^>]*`, 'g')) ?? [];

describe('the page', () => {
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

  it('names each chart, and gives each axis its unit and its ticks', () => {
    const charts = page.split('<svg').slice(1);
    expect(charts).toHaveLength(7);
    for (const chart of charts) {
      expect(chart).toMatch(/^ class="bars" role="img" aria-label="[^"]{10,}"/);
      expect(chart).toMatch(/<text class="unit"[^>]*>(ms, logarithmic|rows\/s|%|requests\/s)<\/text>/);
      expect(tagsOf(chart.slice(chart.indexOf('class="ticks"')), 'text').length).toBeGreaterThan(2);
    }
  });

  it('has a table beside each chart, and one for both servers', () => {
    for (const caption of [
      'Computing the answer in the server',
      'The whole answer in the client',
      'Ingest methods',
      'Columnstore of each declared table',
      'API beside a bare handler',
    ])
      expect(page).toContain(`<caption>${caption}`);
    expect(page).toContain('>hourly, 30 days: aggregate, times as fast as raw rows<');
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
    expect(page).toContain('prefers-color-scheme: dark');
  });

  it('leaves out parts that were not measured', () => {
    const servers = sampleReport.servers.map(({ queries, ingest, compression, api, ...rest }) => rest);
    const short = reportPage({ ...sampleReport, servers, budgets: [] });
    expect(short).not.toMatch(/<svg|Budgets|Ingest</);
    expect(short).toContain('Machine and settings');
  });
});

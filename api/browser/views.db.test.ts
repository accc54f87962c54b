// The explore and operations views, and what holds for all views: names, keyboard, narrow screens.
import type { Page } from 'playwright-core';
import { forSuite } from '../testing/for-suite';
import { describeInBrowser } from './testing/chromium';
import { overflowOf, pixelsOf, tableTexts, waitForPoints } from './testing/look';
import { startSite } from './testing/page-under-test';

/** The members of answers that are looked at here. */
interface Answers {
  readonly tables: readonly {
    readonly name: string;
    readonly table: string;
    readonly chunks: readonly object[];
  }[];
  readonly data: readonly { readonly sensor_id: string }[];
  readonly count: number;
  readonly available: boolean;
  readonly jobs: readonly { readonly job: string; readonly state: string }[];
  readonly aggregates: readonly { readonly aggregate: string; readonly state: string }[];
}

const VIEWS = ['#/sensors?sensor=sensor_001&period=1d', '#/explore?by=sensor_id', '#/operations'];

describeInBrowser('the views', (server) => {
  const site = forSuite(() => startSite(server));

  const ready = async (page: Page) => {
    const view = page.locator('main > section:visible');
    await view.locator('.plot[data-points]').first().waitFor();
    await view.filter({ hasNotText: /Loading|Looking/ }).waitFor();
  };

  it('explores any table: choices make lines, figures and an address', async () => {
    const { page, faults } = await site.open('#/explore');
    await page.locator('#explore-plot[data-lines="1"]').waitFor();
    const tables = (await site.ask<Answers>('/api/tables')).tables.map(({ name }) => name);
    expect(await page.locator('#explore-table option').allTextContents()).toEqual(tables);
    await page.locator('#explore-period').selectOption('1d');
    await page.locator('#explore-figure').selectOption('max');
    await page.locator('#explore-by').selectOption('sensor_id');
    await page.locator('#explore-plot[data-lines="12"]').waitFor();
    expect(page.url()).toBe(
      `${site.url}/#/explore?table=sensor_data&field=temperature&figure=max&by=sensor_id&period=1d`,
    );
    expect(await page.locator('#explore-facts').textContent()).toMatch(
      /^sourcesensor_data.*the first 12 by sensor_id; there are more$/,
    );
    const href = (await page.locator('#explore-json').getAttribute('href')) ?? '';
    const { data, count } = await site.ask<Answers>(href);
    await page.locator('#explore-figures summary').click();
    const texts = await tableTexts(page, '#explore-rows');
    expect(texts).toHaveLength(count);
    expect(texts.map(([, sensor]) => sensor)).toEqual(data.map((row) => row.sensor_id).reverse());
    expect(new Set(data.map((row) => row.sensor_id)).size).toBe(12);
    expect(texts.some(([, sensor, value]) => sensor === 'sensor_001' && value === '80')).toBe(true);
    const before = await pixelsOf(page, '#view-explore .card', '--c0', { from: 0, to: 1 });
    await page.locator('#explore-key button').first().click();
    expect(before).toBeGreaterThan(20);
    expect(await pixelsOf(page, '#view-explore .card', '--c0', { from: 0, to: 1 })).toBe(0);
    await page.locator('#explore-table').selectOption('sensor_alerts');
    await page.locator('#explore-facts', { hasText: 'sensor_alerts' }).waitFor();
    expect(await page.locator('#explore-field option').allTextContents()).toEqual([
      'value',
      'threshold',
      'rows',
    ]);
    expect(faults).toEqual([]);
  });

  it('shows how the platform does, as the API says', async () => {
    const { page, faults } = await site.open('#/operations?table=sensor_data');
    await ready(page);
    const { tables } = await site.ask<Answers>('/api/operations/chunks');
    const chunks = tables.find(({ table }) => table === 'sensor_data')?.chunks ?? [];
    expect(chunks.length).toBeGreaterThan(0);
    await waitForPoints(page, '#chunks', chunks.length);
    expect(await page.locator('#chunks-key').textContent()).toMatch(
      new RegExp(`^${chunks.length} not compressed0 compressed$`),
    );
    expect(await pixelsOf(page, '#chunks', '--plain', { from: 0, to: 1 })).toBeGreaterThan(100);
    const { available } = await site.ask<Answers>('/api/operations/compression');
    expect(await page.locator('#compression .state').textContent()).toContain(
      available ? 'No chunk is compressed yet' : 'not available on this engine',
    );
    const { jobs } = await site.ask<Answers>('/api/operations/jobs');
    const { aggregates } = await site.ask<Answers>('/api/operations/aggregates');
    const firsts = async (id: string) => (await tableTexts(page, id)).map(([first]) => first);
    const isPaused = ({ state }: { readonly state: string }) => state === 'paused';
    expect(await firsts('#jobs')).toEqual(
      [...jobs.filter(isPaused), ...jobs.filter((job) => !isPaused(job))].map(({ job }) => job),
    );
    // Twenty hours of readings are less than a month: that aggregate waits for its first bucket, and is not behind.
    expect((await tableTexts(page, '#aggregates')).map(([name, state]) => [name, state])).toEqual(
      aggregates.map(({ aggregate, state }) => [
        aggregate,
        state === 'never' ? 'no complete bucket yet' : 'fresh',
      ]),
    );
    const waiting = aggregates.filter(({ state }) => state === 'never').length;
    expect(await page.locator('#aggregates .state').textContent()).toBe(
      `${aggregates.length} aggregates, ${waiting > 0 ? `${waiting} without a complete bucket yet` : 'all fresh'}`,
    );
    expect(await page.locator('#drift .state').textContent()).toContain('The database is as declared');
    expect(faults).toEqual([]);
  });

  it('says in its place why a part of the operations is missing, and shows the others', async () => {
    const { page } = await site.open('#/sensors');
    await page.route('**/api/operations/jobs', (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          title: 'The database does not answer',
          detail: 'Try again soon',
          status: 503,
        }),
      }),
    );
    await page.getByRole('link', { name: 'Operations' }).click();
    await page.locator('#jobs .state', { hasText: 'The database does not answer: Try again soon' }).waitFor();
    await page.locator('#aggregates tbody tr').first().waitFor();
  });

  it.each(VIEWS)('has a name for everything in %s, fits a phone, and keeps still', async (address) => {
    const { page, faults } = await site.open(address, { viewport: { width: 360, height: 740 } });
    await ready(page);
    expect(await overflowOf(page)).toBe(0);
    // What pages of the web count as still.
    expect(await page.evaluate('window.moved')).toBeLessThan(0.1);
    for (const summary of await page.locator('summary:visible').all()) await summary.click();
    expect(await overflowOf(page)).toBe(0);
    const tree = await page.locator('body').ariaSnapshot();
    const nameless =
      /^\s*- (button|link|combobox|textbox|checkbox|listbox|option|img|table|region|form|navigation)(?! ")/;
    expect(tree.split('\n').filter((line) => nameless.test(line))).toEqual([]);
    // The expression above finds what it looks for.
    expect(tree).toMatch(/- button "Refresh"/);
    expect(tree).toMatch(/- navigation "Views"/);
    expect(await page.locator('nav a[aria-current=page]').count()).toBe(1);
    expect(faults).toEqual([]);
  });

  it('follows the colour scheme, charts included', async () => {
    const { page, faults } = await site.open('#/sensors?sensor=sensor_001&period=1d', {
      colorScheme: 'dark',
      reducedMotion: 'reduce',
    });
    await waitForPoints(page, '.temperature', site.seed.times.length);
    const ground = 'getComputedStyle(document.body).backgroundColor';
    const dark = await page.evaluate(ground);
    expect(await pixelsOf(page, '.pressure', '--pressure', { from: 0, to: 1 })).toBeGreaterThan(100);
    await page.emulateMedia({ colorScheme: 'light' });
    expect(await page.evaluate(ground)).not.toBe(dark);
    // The canvas is drawn again in the colours of the other scheme.
    expect(await pixelsOf(page, '.pressure', '--pressure', { from: 0, to: 1 })).toBeGreaterThan(100);
    expect(faults).toEqual([]);
  });

  it('can be used by keyboard alone, and shows where the focus is', async () => {
    const { page, faults } = await site.open('#/sensors?sensor=sensor_001&period=1d');
    await waitForPoints(page, '.temperature', site.seed.times.length);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const focused = () => page.evaluate('document.activeElement.id || document.activeElement.textContent');
    await press('Tab');
    expect(await focused()).toBe('skip');
    await press('Enter', 'Tab');
    expect(await focused()).toBe('sensor');
    expect(page.url()).toContain('sensor=sensor_001');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('unit_12');
    await press('ArrowDown');
    expect(await page.locator('#sensor').getAttribute('aria-activedescendant')).toBe('sensor-list-1');
    await press('Enter');
    await waitForPoints(page, '.temperature', 1);
    expect(page.url()).toContain('sensor=unit_121');
    await press('Tab', 'ArrowUp');
    await page.waitForURL(/period=6h/);
    await page.locator('#zoom-in').focus();
    await press('Enter');
    await page.waitForURL(/from=/);
    await press('Escape');
    await page.waitForURL((url) => !url.href.includes('from='));
    await page.locator('#skip').focus();
    const stops: unknown[] = [];
    for (let step = 0; step < 40; step += 1) {
      await press('Tab');
      const stop = await page.evaluate(`(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return document.activeElement === document.body ? null : [document.activeElement.outerHTML.slice(0, 80), outlineStyle, parseFloat(outlineWidth) >= 2];
      })()`);
      if (stop === null) break;
      stops.push(stop);
    }
    expect(stops.length).toBeGreaterThan(12);
    expect(stops.filter((stop) => !Array.isArray(stop) || stop[1] !== 'solid' || !stop[2])).toEqual([]);
    expect(faults).toEqual([]);
  });
});

// The sensor view in a real browser: charts, figures, marks, controls, zoom and live updates.
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { describeInBrowser } from './testing/chromium';
import { type Part, pixelsOf, settle, tableTexts, waitForPoints } from './testing/look';
import { startSite } from './testing/page-under-test';

const HOUR = 3_600_000;
const DAY = '#/sensors?sensor=sensor_001&period=1d';

describeInBrowser('the sensor view', (server) => {
  const site = forSuite(() => startSite(server));

  /** Where a time is on a chart that ends now and shows a day. */
  const partAround = (time: number, widthMs = HOUR / 2): Part => {
    const start = Date.now() - 24 * HOUR;
    return {
      from: (time - widthMs / 2 - start) / (24 * HOUR),
      to: (time + widthMs / 2 - start) / (24 * HOUR),
    };
  };

  it('draws every reading, with figures equal to the answer, and nothing goes wrong', async () => {
    const { page, faults } = await site.open(DAY);
    const count = site.seed.times.length;
    for (const card of ['.temperature', '.humidity', '.pressure']) await waitForPoints(page, card, count);
    await page.locator('#figures summary').click();
    const answer = await site.ask<{
      data: { time: string; temperature: number; humidity: number; pressure: number }[];
    }>('/api/sensors/sensor_001/raw?period=1d');
    expect(answer.data).toHaveLength(count);
    expect(await tableTexts(page, '#figures-table')).toEqual(
      answer.data
        .map(({ time, temperature, humidity, pressure }) => [
          time.slice(0, 19).replace('T', ' '),
          temperature.toFixed(2),
          humidity.toFixed(2),
          pressure.toLocaleString('en-US', { minimumFractionDigits: 2 }),
        ])
        .reverse(),
    );
    expect(await page.locator('.temperature .now strong').textContent()).toBe(
      answer.data.at(-1)?.temperature.toFixed(1),
    );
    expect(await page.locator('#facts').textContent()).toMatch(
      new RegExp(`sensor_data.*every reading \\(automatic\\).*rows${count} in`),
    );
    expect(await page.evaluate('window.moved')).toBeLessThan(0.02);
    expect(faults).toEqual([]);
  });

  it('marks anomalies and alerts by shape and in words, and thresholds as lines', async () => {
    const { page } = await site.open(DAY);
    const { outlier, maximum } = site.seed;
    await page.locator('#events-list .anomaly').first().waitFor();
    const anywhere = { from: 0, to: 1 };
    const there = partAround(outlier.time);
    const [odd, alarm] = ['--anomaly', '--alert'];
    expect(await pixelsOf(page, '.temperature', odd, there)).toBeGreaterThan(20);
    expect(await pixelsOf(page, '.temperature', odd, anywhere)).toBe(
      await pixelsOf(page, '.temperature', odd, there),
    );
    expect(await pixelsOf(page, '.temperature', alarm, there)).toBeGreaterThan(20);
    expect(await pixelsOf(page, '.humidity', alarm, anywhere)).toBe(0);
    expect(await pixelsOf(page, '.temperature', '--limit', { from: 0, to: 0.4 })).toBeGreaterThan(100);
    const events = await page.locator('#events-list li').allTextContents();
    const time = new Date(outlier.time).toISOString().slice(0, 19).replace('T', ' ');
    expect(events).toEqual([
      expect.stringMatching(`^${time} anomaly: temperature 80 °C, [\\d.]+ σ above the usual`),
      `${time} alert: temperature 80 °C is above the maximum ${maximum}`,
    ]);
    expect(await page.locator('.temperature .plot').getAttribute('aria-label')).toContain(
      '1 anomaly, 1 alert, maximum 30',
    );
    await page.locator('#marks').selectOption('off');
    await page.locator('#events-list .anomaly').waitFor({ state: 'detached' });
    expect(await pixelsOf(page, '.temperature', odd, anywhere)).toBe(0);
    expect(await page.locator('#events-list .alert').count()).toBe(1);
  });

  it('leaves a gap where readings are missing', async () => {
    const { page } = await site.open(DAY);
    await waitForPoints(page, '.humidity', site.seed.times.length);
    const { from, to } = site.seed.gap;
    const inGap = await pixelsOf(page, '.humidity', '--humidity', partAround((from + to) / 2));
    const beside = await pixelsOf(page, '.humidity', '--humidity', partAround(from - HOUR));
    expect([inGap, beside > 10]).toEqual([0, true]);
  });

  it('carries sensor, range and resolution in the address, and shows the same after a reload', async () => {
    const { page, faults } = await site.open(DAY);
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await page.locator('#level').selectOption('hourly');
    await page.locator('#facts', { hasText: 'sensor_data_hourly' }).waitFor();
    await page.locator('#period').selectOption('3d');
    const { count } = await site.ask<{ count: number }>('/api/sensors/sensor_001/hourly?period=3d');
    await waitForPoints(page, '.temperature', count);
    expect(count).toBeLessThan(site.seed.times.length);
    await page.locator('#sensor').fill('unit_29');
    expect(await page.locator('#sensor-list [role=option]').count()).toBe(10);
    await page.locator('#sensor-list [role=option]', { hasText: 'unit_297' }).click();
    await waitForPoints(page, '.temperature', 1);
    const address = '#/sensors?sensor=unit_297&period=3d&level=hourly';
    expect(page.url()).toBe(`${site.url}/${address}`);
    await page.reload();
    await waitForPoints(page, '.temperature', 1);
    expect(await page.locator('#sensor').inputValue()).toBe('unit_297');
    expect(await page.locator('#level').inputValue()).toBe('hourly');
    expect(await page.locator('#period').inputValue()).toBe('3d');
    await page.goBack();
    await waitForPoints(page, '.temperature', count);
    expect(await page.locator('#csv').getAttribute('href')).toBe(
      '/api/sensors/sensor_001/hourly?period=3d&format=csv&escape=formulas',
    );
    expect(faults).toEqual([]);
  });

  it('zooms by dragging, and back by button, key and history', async () => {
    const { page, faults } = await site.open(DAY);
    const all = site.seed.times.length;
    await waitForPoints(page, '.temperature', all);
    const drag = async () => {
      const box = await page.locator('.temperature .u-over').boundingBox();
      const at = (share: number) => [box?.x ?? 0, box?.y ?? 0, (box?.width ?? 0) * share] as const;
      const [x, y] = at(0);
      await page.mouse.move(x + at(0.5)[2], y + 60);
      await page.mouse.down();
      await page.mouse.move(x + at(0.75)[2], y + 80, { steps: 4 });
      await page.mouse.up();
      await page.locator('#reset:enabled').waitFor();
    };
    const backs = [
      () => page.locator('#reset').click(),
      () => page.keyboard.press('Escape'),
      () => page.goBack(),
    ];
    for (const back of backs) {
      await drag();
      const { from, to } = rangeIn(page.url());
      const inside = site.seed.times.filter((time) => time >= from && time < to).length;
      expect(inside).toBeGreaterThan(10);
      expect(inside).toBeLessThan(all);
      expect(to - from).toBeCloseTo(6 * HOUR, -6);
      await waitForPoints(page, '.temperature', inside);
      await back();
      await waitForPoints(page, '.temperature', all);
      expect(page.url()).not.toContain('from=');
    }
    expect(faults).toEqual([]);
  });

  it('takes a typed range, and says why it takes none that is empty', async () => {
    const { page } = await site.open(DAY);
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await page.locator('#period').selectOption('custom');
    const [from, to] = [site.seed.times.at(-10) ?? 0, site.seed.times.at(-1) ?? 0];
    const typed = (time: number) => new Date(time).toISOString().slice(0, 19);
    await page.locator('#from').fill(typed(to));
    await page.locator('#to').fill(typed(from));
    await page.locator('#custom button').click();
    expect(await page.evaluate('document.querySelector("#to").validationMessage')).toContain(
      'later than the start',
    );
    await page.locator('#from').fill(typed(from));
    await page.locator('#to').fill(typed(to));
    await page.locator('#custom button').click();
    await waitForPoints(page, '.temperature', 9);
  });

  it('shows a new reading by itself, asks with the tag, and keeps its charts', async () => {
    const { page, faults } = await site.open('#/sensors?sensor=unit_000&period=1d', { fakeClock: true });
    await waitForPoints(page, '.temperature', 1);
    await page.locator('#events-about', { hasText: 'None' }).waitFor();
    await page.evaluate(
      `for (const canvas of document.querySelectorAll('canvas')) canvas.dataset.first = 'yes'`,
    );
    const updated = await page.locator('#updated').textContent();
    const same = page.waitForResponse((response) => response.url().includes('/unit_000/raw'));
    await page.clock.fastForward(11_000);
    expect((await same).status()).toBe(304);
    await runSql(site.databaseUrl, 'INSERT INTO sensor_data VALUES ($1, $2, 42.5, 21, 1001)', [
      new Date().toISOString(),
      'unit_000',
    ]);
    // The answer to the tick before must be in, or its timer is not set yet.
    await page
      .locator('#updated')
      .filter({ hasNotText: `${updated}` })
      .waitFor();
    await page.clock.fastForward(11_000);
    await waitForPoints(page, '.temperature', 2);
    await page.locator('.temperature .now', { hasText: '42.5' }).waitFor();
    expect(await page.locator('.quantity canvas[data-first=yes]').count()).toBe(3);
    expect(faults).toEqual([]);
  });

  it('does not ask while the tab is hidden, and at once when it is seen again', async () => {
    const { page } = await site.open('#/sensors?sensor=unit_001&period=1d', { fakeClock: true });
    await waitForPoints(page, '.temperature', 1);
    await page.locator('#events-about', { hasText: 'None' }).waitFor();
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/api/')) asked += 1;
    });
    await hide(true);
    await page.clock.fastForward(60_000);
    await settle(page);
    expect(asked).toBe(0);
    // An answer that comes to a hidden tab starts no timer either.
    const last = ['/thresholds', '/alerts', 'field=temperature', 'field=humidity', 'field=pressure'];
    const answered = last.map((part) => page.waitForResponse((response) => response.url().includes(part)));
    await page.locator('#refresh').click();
    await Promise.all(answered);
    await settle(page);
    asked = 0;
    for (let minute = 0; minute < 5; minute += 1) {
      await page.clock.fastForward(60_000);
      await settle(page);
    }
    expect(asked).toBe(0);
    const next = page.waitForRequest((request) => request.url().includes('/unit_001/raw'));
    await hide(false);
    await page.clock.fastForward(1);
    await next;
  });

  it('shows that there is nothing, instead of a coarse figure that says little', async () => {
    const { page, faults } = await site.open('#/sensors?sensor=unit_002&period=1h');
    await waitForPoints(page, '.temperature', 0);
    expect(await page.locator('#facts').textContent()).toMatch(
      /^sourcesensor_data.*no rowsThere are no readings/,
    );
    expect(faults).toEqual([]);
  });
});

function rangeIn(url: string): { readonly from: number; readonly to: number } {
  const search = new URLSearchParams(url.split('?')[1]);
  return { from: Date.parse(search.get('from') ?? ''), to: Date.parse(search.get('to') ?? '') };
}

// The figures in the heads of the charts, against the readings themselves: hours with few and with many readings, and missing values.
import type { Page } from 'playwright-core';
import { select } from '../../db/testing/apply';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { describeInBrowser } from './testing/chromium';
import { startSite } from './testing/page-under-test';

const QUANTITIES = ['temperature', 'humidity', 'pressure'] as const;

describeInBrowser('the figures of the sensor view', (server) => {
  const site = forSuite(() => startSite(server));

  beforeAll(async () => {
    // Every third hour has forty readings, and the others have one; each quantity is missing in another part of them.
    await runSql(
      site.databaseUrl,
      `INSERT INTO sensor_data
       SELECT date_trunc('hour', now()) - h * interval '1 hour' + r * interval '1 minute', 'uneven',
              CASE WHEN r % 3 > 0 THEN h % 24 + r END, CASE WHEN h % 5 > 0 AND r % 4 < 2 THEN 50 + h % 7 - r END,
              CASE WHEN h % 3 = 0 THEN 1000 + r ELSE 900 + h % 50 END
         FROM generate_series(24 * 12, 24 * 45) h, generate_series(0, CASE WHEN h % 3 = 0 THEN 39 ELSE 0 END) r`,
    );
    await refreshAll(site.databaseUrl);
  });

  const shown = async (page: Page): Promise<readonly string[]> => {
    const texts: string[] = [];
    for (const name of QUANTITIES) {
      const list = page.locator(`.card.${name} dl`);
      texts.push(
        (await list.locator('dd').allTextContents())
          .map((text) => Number.parseFloat(text.replace(',', '')))
          .join(' '),
      );
    }
    return texts;
  };

  it.each([
    ['hourly', '3m'],
    ['daily', '3m'],
    ['daily', '1y'],
    ['monthly', '5y'],
  ])('are exact at level %s over %s', async (level, period) => {
    const { page, faults } = await site.open(`#/sensors?sensor=uneven&period=${period}&level=${level}`);
    await page.locator('#facts', { hasText: `sensor_data_${level}` }).waitFor();
    const figures = QUANTITIES.map(
      (name) =>
        `concat_ws(' ', round(min(${name})::numeric, 1)::float8, round(avg(${name})::numeric, 1)::float8, round(max(${name})::numeric, 1)::float8) AS ${name}`,
    );
    const [exact] = await select<Record<string, string>>(
      site.databaseUrl,
      `SELECT ${figures.join(', ')} FROM public.sensor_data WHERE sensor_id = 'uneven'`,
    );
    expect(await shown(page)).toEqual(QUANTITIES.map((name) => exact?.[name]));
    expect(faults).toEqual([]);
  });

  if (server.engine === 'timescaledb')
    it('say which hours are out of date', async () => {
      await runSql(site.databaseUrl, `UPDATE sensor_data SET temperature = 11 WHERE sensor_id = 'unit_003'`);
      const { page, faults } = await site.open('#/sensors?sensor=unit_003&period=3d&level=hourly');
      const text = page.locator('#facts', { hasText: 'out of date' });
      await text.waitFor();
      const day = new Date().toISOString().slice(0, 4);
      expect(await text.textContent()).toMatch(
        new RegExp(
          `out of date${day}-\\d\\d-\\d\\d \\d\\d:00 to ${day}-\\d\\d-\\d\\d \\d\\d:00, until the next refresh`,
        ),
      );
      expect(faults).toEqual([]);
    });

  it('leave an end open that is not stored for every bucket', async () => {
    const { page } = await site.open('');
    await page.route('**/api/sensors/uneven/daily*', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      body.data[3].min_humidity = null;
      await route.fulfill({ response, json: body });
    });
    await page.goto(`${site.url}/#/sensors?sensor=uneven&period=3m&level=daily`);
    await page.locator('#facts', { hasText: 'sensor_data_daily' }).waitFor();
    const [, humidity] = await shown(page);
    expect(humidity).toMatch(/^NaN [\d.]+ [\d.]+$/);
  });
});

// What the page does when the API is gone, has no such sensor, has no sensors, or asks for a key.
import { Client } from 'pg';
import { createKey, revokeKey } from '../access/keys';
import { forSuite } from '../testing/for-suite';
import { describeInBrowser } from './testing/chromium';
import { waitForPoints } from './testing/look';
import { startSite } from './testing/page-under-test';

const DAY = '#/sensors?sensor=sensor_001&period=1d';

describeInBrowser('the page in trouble', (server) => {
  const site = forSuite(() => startSite(server));

  /** Runs a query on a connection of its own, with the rights of the owner. */
  async function asOwner<Row extends object>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const client = new Client({ connectionString: site.databaseUrl });
    await client.connect();
    try {
      return (await client.query(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  it('says that the server is gone, keeps what it shows, and recovers by itself', async () => {
    const { page } = await site.open(DAY, { fakeClock: true });
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await page.locator('#events-list .alert').waitFor();
    await site.stopApi();
    await page.clock.fastForward(11_000);
    const message = page.locator('#message');
    await message.waitFor();
    expect(await message.textContent()).toMatch(
      /No connection.*cannot be reached.*next try is in 2 s.*Try again now/s,
    );
    expect(await page.locator('#updated').textContent()).toMatch(/^failed at \d\d:\d\d:\d\d UTC$/);
    await page.clock.fastForward(2_500);
    await page.locator('#message', { hasText: 'next try is in 4 s' }).waitFor();
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await site.startApi();
    await page.clock.fastForward(4_500);
    await message.waitFor({ state: 'hidden' });
    expect(await page.locator('#updated').textContent()).toMatch(/^updated/);
  });

  it('passes on why the API refuses, and shows no figures of another sensor', async () => {
    const { page } = await site.open(DAY);
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await page.locator('#sensor').fill('no such thing');
    await page.keyboard.press('Enter');
    await page.locator('#message', { hasText: 'There is no sensor "no such thing"' }).waitFor();
    await waitForPoints(page, '.temperature', 0);
    expect(await page.locator('.temperature .now').textContent()).not.toMatch(/\d/);
    await page.locator('#sensor').fill('sensor_001');
    await page.keyboard.press('Enter');
    await waitForPoints(page, '.temperature', site.seed.times.length);
    expect(await page.locator('#message').isVisible()).toBe(false);
  });

  it('asks for a key, refuses a wrong one, keeps the good one for the tab, and forgets it', async () => {
    const { id, key } = await createKey(asOwner, { name: 'page', role: 'read' });
    await site.stopApi();
    await site.startApi({ TSDB_API_AUTH: 'keys' });

    const { page } = await site.open(DAY);
    const form = page.locator('#key-form');
    await form.waitFor();
    expect(await page.locator('#view-sensors').isVisible()).toBe(false);
    await page.keyboard.type('tsdb_wrong');
    await page.keyboard.press('Enter');
    await page.locator('#key-fault', { hasText: 'The key was not accepted. This is not a key' }).waitFor();
    expect(await page.locator('#key').getAttribute('aria-invalid')).toBe('true');
    await page.locator('#key').fill(key);
    await page.keyboard.press('Enter');
    await waitForPoints(page, '.temperature', site.seed.times.length);
    expect(await form.isVisible()).toBe(false);
    expect(await page.evaluate('JSON.stringify([localStorage.length, document.cookie, location.href])')).toBe(
      JSON.stringify([0, '', `${site.url}/${DAY}`]),
    );
    await page.reload();
    await waitForPoints(page, '.temperature', site.seed.times.length);
    const [file] = await Promise.all([page.waitForEvent('download'), page.locator('#csv').click()]);
    expect(file.suggestedFilename()).toBe('sensor_001-raw.csv');
    const stream = await file.createReadStream();
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    const lines = Buffer.concat(parts).toString().trim().split('\n');
    expect([lines[0], lines.length]).toEqual([
      'time,temperature,humidity,pressure',
      site.seed.times.length + 1,
    ]);
    await page.locator('#forget-key').click();
    await form.waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);

    await page.locator('#key').fill(key);
    await page.locator('#key-form button').click();
    await waitForPoints(page, '.temperature', site.seed.times.length);
    await revokeKey(asOwner, id);
    // A server that starts knows of no key that was good a moment ago.
    await site.stopApi();
    await site.startApi({ TSDB_API_AUTH: 'keys' });
    await page.locator('#refresh').click();
    await page
      .locator('#key-fault', { hasText: 'The key is no longer accepted. This key was revoked' })
      .waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });
});

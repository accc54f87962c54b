// The real API on a port with a seeded database, and browser pages that report everything that goes wrong in them.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Environment } from '../../../db/core/settings';
import { createTestDatabase, type TestServer } from '../../../db/local/test-servers';
import { readConfig } from '../../config';
import { type RunningServer, startServer } from '../../server';
import { fixture } from '../../testing/fixture';
import { launchChromium } from './chromium';
import { type Seed, seed } from './seed';

/** A page, and what went wrong in it so far: errors, refused sources, failed requests. */
export interface OpenPage {
  readonly page: Page;
  readonly faults: string[];
}

/** How a page is opened. */
export interface PageOptions extends BrowserContextOptions {
  /** Its time stands still, so that no timer fires before `page.clock.fastForward` makes it; default: the true time. */
  readonly fakeClock?: boolean;
}

/** The API and the browser. */
export interface SiteUnderTest {
  readonly databaseUrl: string;
  /** Stays the same when the API is stopped and started again. */
  readonly url: string;
  readonly seed: Seed;
  /** What the API itself answers to a GET. */
  ask<Answer>(path: string): Promise<Answer>;
  /** Opens an address (`#/…`) in a page of its own. */
  open(address: string, options?: PageOptions): Promise<OpenPage>;
  stopApi(): Promise<void>;
  /** Starts it again, with other settings if given. */
  startApi(env?: Environment): Promise<void>;
  stop(): Promise<void>;
}

/** Creates the database, starts API and browser. `env` are settings of the API. */
export async function startSite(server: TestServer, env: Environment = {}): Promise<SiteUnderTest> {
  const configFor = (url: string, port: string, more: Environment = {}) =>
    readConfig({ LOG_LEVEL: 'silent', ...env, ...more, PORT: port, DATABASE_URL: url });
  const database = await createTestDatabase(server, fixture(configFor(server.url, '0').desired));
  const [seeded, browser] = await Promise.all([seed(database.url), launchChromium()]);
  let running: RunningServer = await startServer(configFor(database.url, '0'), { signals: 'ignore' });
  const { url } = running;
  return {
    databaseUrl: database.url,
    url,
    seed: seeded,
    ask: async (path) => (await fetch(`${url}${path}`)).json() as never,
    open: (address, options) => openPage(browser, `${url}/${address}`, options),
    stopApi: () => running.close(),
    startApi: async (more) => {
      running = await startServer(configFor(database.url, new URL(url).port, more), { signals: 'ignore' });
    },
    stop: async () => {
      await browser.close();
      await running.close();
      await database.drop();
    },
  };
}

async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<OpenPage> {
  const { fakeClock = false, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...contextOptions });
  if (fakeClock) {
    const time = Date.now();
    await context.clock.install({ time });
    await context.clock.pauseAt(time + 1);
  }
  // How far the content moved while loading.
  await context.addInitScript(`
    window.moved = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  `);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    // Reading pixels back is what tests do, not the page.
    if (/error|warning/.test(message.type()) && !message.text().includes('getImageData'))
      faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? '';
    // The page itself gives up requests whose answer it no longer needs.
    if (reason !== 'net::ERR_ABORTED') faults.push(`${request.url()}: ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url);
  return { page, faults };
}

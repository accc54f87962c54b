// Starts a Chromium, and declares suites that need one.
import { type Browser, chromium } from 'playwright-core';
import { type TestServer, testServers } from '../../../db/local/test-servers';
import { describeUnless } from '../../../db/local/testing/needs';
import { chromiumPath } from './chromium-path';

/** Starts it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
  });
}

/**
 * `describe` on one server, TimescaleDB where there is one: the page is the same on both. Without a browser the suite is skipped.
 */
export function describeInBrowser(title: string, body: (server: TestServer) => void): void {
  const server = (testServers('timescaledb')[0] ?? testServers()[0]) as TestServer;
  const missing = chromiumPath === undefined ? 'no Chromium was found (TSDB_CHROMIUM)' : undefined;
  describeUnless(missing, `${title} [${server.engine}]`, () => body(server));
}

// Starts a Chromium, and declares suites that need one.
import { type Browser, chromium } from 'playwright-core';
import { type TestServer, testServers } from '../../../db/local/test-servers';
import { chromiumPath } from './chromium-path';

/** Starts it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
  });
}

/**
 * `describe` on one server, TimescaleDB where there is one: the page is the same on both. Without a browser or a server the
 * suite is shown as skipped; the set-up of the run has said why.
 */
export function describeInBrowser(title: string, body: (server: TestServer) => void): void {
  const server = testServers('timescaledb')[0] ?? testServers()[0];
  if (chromiumPath !== undefined && server !== undefined) {
    describe(`${title} [${server.engine}]`, () => body(server));
    return;
  }
  describe.skip(title, () => {
    it('needs a browser and a server', () => undefined);
  });
}

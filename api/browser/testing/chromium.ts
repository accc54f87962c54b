// Finds a Chromium on this machine, and declares suites that need one.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { type TestServer, testServers } from '../../../db/local/test-servers';

const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser: `TSDB_CHROMIUM`, or the first of the usual places that is there. */
export const chromiumPath: string | undefined =
  process.env.TSDB_CHROMIUM || USUAL_PATHS.find((path) => existsSync(path));

/** Starts it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
  });
}

/**
 * `describe` on one server, TimescaleDB where there is one: the page is the same on both. Without a browser or a server the
 * suite is shown as skipped, and one line says why.
 */
export function describeInBrowser(title: string, body: (server: TestServer) => void): void {
  const server = testServers('timescaledb')[0] ?? testServers()[0];
  const missing = chromiumPath === undefined ? 'no Chromium was found; set TSDB_CHROMIUM' : 'no server runs';
  if (chromiumPath !== undefined && server !== undefined) {
    describe(`${title} [${server.engine}]`, () => body(server));
    return;
  }
  process.stderr.write(`${title}: skipped, ${missing}\n`);
  describe.skip(title, () => {
    it('needs a browser and a server', () => undefined);
  });
}

// Runs before the jest project `db`: starts its servers, and says what the run will use and what it will leave out.
import { chromiumPath } from '../../api/browser/testing/chromium-path';
import startServers from '../../db/local/jest-setup';

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalSetup file
export default async function setUp(): Promise<void> {
  await startServers();
  process.stderr.write(
    chromiumPath === undefined
      ? 'browser tests are skipped: no Chromium was found; set TSDB_CHROMIUM to one\n'
      : `browser tests run on: ${chromiumPath}\n`,
  );
}

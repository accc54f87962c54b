// Where the Chromium of this machine is.
import { existsSync } from 'node:fs';

const USUAL_PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser: `TSDB_CHROMIUM`, or the first of the usual places that is there. */
export const chromiumPath: string | undefined =
  process.env.TSDB_CHROMIUM || USUAL_PATHS.find((path) => existsSync(path));

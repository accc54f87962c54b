// Runs after all projects of a test run.
import { endRun } from './run-folder';

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalTeardown file
export default endRun;

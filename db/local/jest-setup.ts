// Runs before the jest project `db`: starts its servers and hands their addresses to the tests (test-servers.ts).
import { startTestRun, type TestRun } from './test-run';

declare global {
  /** Handed from jest-setup.ts to jest-teardown.ts, which jest loads apart from each other. */
  var tsdbTestRun: TestRun | undefined;
}

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalSetup file
export default async function setUp(): Promise<void> {
  process.env.TSDB_TEST_RUN = String(process.pid);
  const run = await startTestRun(process.env);
  globalThis.tsdbTestRun = run;
  process.env.TSDB_TEST_SERVERS = JSON.stringify(run.servers);
  process.stderr.write(`${run.summary}\n`);
}

// Runs after the jest project `db`: stops its servers and removes their folders.
import './jest-setup';

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalTeardown file
export default async function tearDown(): Promise<void> {
  await globalThis.tsdbTestRun?.stop();
}

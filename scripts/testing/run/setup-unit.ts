// Runs before the jest project `unit`.
import { runState } from './run-folder';

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalSetup file
export default async function setUp(): Promise<void> {
  await runState();
}

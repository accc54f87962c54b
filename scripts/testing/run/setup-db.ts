// Runs before the jest project `db`: starts its servers, builds the programs that suites start, and says what the run will use.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromiumPath } from '../../../api/browser/testing/chromium-path';
import { startTestRun } from '../../../db/local/test-run';
import { dropTemplates, withJobs } from '../../../db/local/test-servers';
import { kafkaFound } from '../../streams/testing/kafka-broker';
import { mosquittoFound } from '../../streams/testing/mosquitto';
import { runState } from './run-folder';

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalSetup file
export default async function setUp(): Promise<void> {
  const state = await runState();
  const { DATABASE_URL } = process.env;
  const [run] = await Promise.all([
    startTestRun(process.env, { parent: state.dataFolder, jobsApart: true }),
    buildPrograms(state.folder),
  ]);
  state.ends.push(async () => {
    // A server of yours outlives the run.
    for (const server of run.servers)
      if (server.url === DATABASE_URL)
        for (const given of [server, withJobs(server)]) await dropTemplates(given);
    await run.stop();
  });
  process.env.TSDB_TEST_SERVERS = JSON.stringify(run.servers);
  const browser =
    chromiumPath === undefined
      ? 'browser tests are skipped: no Chromium was found; set TSDB_CHROMIUM to one'
      : `browser tests run on: ${chromiumPath}`;
  const brokers = `tests of streams run on: ${kafkaFound()} · ${mosquittoFound()}`;
  process.stderr.write(`${run.summary}\n${browser}\n${brokers}\n`);
}

/** In a process of its own, as esbuild does not work inside jest. */
async function buildPrograms(folder: string): Promise<void> {
  const programs = join(folder, 'programs');
  await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    `${__dirname}/build-programs.ts`,
    programs,
  ]);
  process.env.TSDB_TEST_BUNDLE = join(programs, 'bundle');
  process.env.TSDB_TEST_CHILDREN = join(programs, 'children');
}

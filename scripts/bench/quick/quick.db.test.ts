// `npm run bench:quick` as people run it, tiny: every ratio, and nothing left behind.
import { testServers } from '../../../db/local/test-servers';
import { select } from '../../../db/testing/apply';
import { scripts } from '../../../package.json';
import { runProgram } from '../../run-program';
import { cleanEnvironment } from '../../testing/command-line';
import { nodeCommand } from '../child-process';
import type { Ratio } from './lines';

const server = testServers().at(-1);

it('measures every ratio, and drops its databases', async () => {
  const url = server?.url ?? '';
  const env = { ...cleanEnvironment(), DATABASE_URL: url };
  const [program, ...args] = nodeCommand(scripts['bench:quick']);
  let pid: number | undefined;
  const { stdout } = await runProgram([program, ...args, '--tiny', '--json'], { env }, (started) => {
    pid = started;
  });
  const { lines, ratios } = JSON.parse(stdout) as { lines: readonly Ratio[]; ratios: Record<string, number> };
  expect(lines.map(({ id }) => id)).toEqual([
    'raw-day',
    'import-work',
    'import-1-work',
    'http-json-1k',
    'http-json-10k',
    'http-line-10k',
    'large-delay',
    'large-cpu',
    'hourly-year',
    'synth',
    'version',
    'plan-start',
    'plan',
  ]);
  for (const { ratio, beside } of lines) {
    expect(ratio).toBeGreaterThan(0);
    expect(beside).toMatch(/\d/);
  }
  expect(Object.keys(ratios)).toHaveLength(lines.length);
  expect(
    await select(url, `SELECT datname FROM pg_database WHERE datname LIKE 'tsdb\\_bench\\_%\\_${pid}\\_%'`),
  ).toEqual([]);
});

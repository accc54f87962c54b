// Runs before the jest project `programs`: says which programs its suites will use, and which they will do without.
import { spawnSync } from 'node:child_process';
import { whyNoProviders } from '../../../infra/core/testing/terraform';
import { runState } from './run-folder';

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  terraform: ['version'],
  caddy: ['version'],
  shellcheck: ['--version'],
  'cloud-init': ['--version'],
  docker: ['compose', 'version'],
};

// biome-ignore lint/style/noDefaultExport: jest takes the default export of a globalSetup file
export default async function setUp(): Promise<void> {
  await runState();
  const found = Object.entries(PROGRAMS).map(([name, args]) => {
    const { status, stdout } = spawnSync(name, args, { encoding: 'utf8' });
    const version = status === 0 ? (/\d+\.\d+[.\d]*/.exec(stdout)?.[0] ?? 'found') : 'not found';
    return `${name} ${version}`;
  });
  const missing = whyNoProviders();
  const providers = missing === '' ? 'from a mirror' : missing;
  process.stderr.write(`program tests run on: ${found.join(' · ')}\nproviders of Terraform: ${providers}\n`);
}

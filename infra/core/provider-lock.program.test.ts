import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../main';
import { TEST_BUNDLE } from '../azure/testing/azure-stack';
import { readConfig } from './config';
import { placeProviderLock } from './provider-lock';

const FILE = join(__dirname, '..', 'terraform.lock.hcl');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsdb-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const synthesise = () => {
  const config = readConfig({ TSDB_DEPLOY_CLUSTER: 'aks' });
  const app = buildApp(config, { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE }, join(folder, 'out'));
  app.synth();
  return app;
};

it('is placed beside each stack, and a stack without one keeps its own', () => {
  const app = synthesise();
  const locks = () =>
    ['aks', 'azure', 'kubernetes'].map((stack) => {
      const path = join(folder, 'out', 'tsdb-dev', stack, '.terraform.lock.hcl');
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    });
  const lock = join(folder, 'lock.hcl');
  placeProviderLock(app, lock);
  expect(locks()).toEqual(['', '', '']);
  writeFileSync(lock, '# locked\n');
  placeProviderLock(app, lock);
  expect(locks()).toEqual(['# locked\n', '# locked\n', '# locked\n']);
});

it('names the pinned version of every provider, where the repository has one', () => {
  const versions = Object.values(synthesise().manifest.stacks).flatMap(({ synthesizedStackPath }) => {
    const { terraform } = JSON.parse(readFileSync(join(folder, 'out', synthesizedStackPath), 'utf8'));
    return Object.values(terraform.required_providers as Record<string, { version: string }>).map(
      ({ version }) => version,
    );
  });
  // A range would let each run take another version.
  for (const version of versions) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  if (!existsSync(FILE)) return;
  for (const version of versions) expect(readFileSync(FILE, 'utf8')).toMatch(`"${version}"`);
});

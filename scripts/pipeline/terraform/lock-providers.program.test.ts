import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describeUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { RANDOM_PROVIDER } from '../../../infra/core/pins';
import { terraform, withConfiguration } from '../../../infra/core/testing/terraform';
import { lockProviders, requiredProviders } from './lock-providers';

/** The folder of providers that the configuration of Terraform names; undefined when there is none. */
function mirror(): string | undefined {
  const file = process.env.TF_CLI_CONFIG_FILE || join(homedir(), '.terraformrc');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const path = /filesystem_mirror\s*\{[^}]*\bpath\s*=\s*"([^"]+)"/.exec(text)?.[1];
  return path !== undefined && existsSync(join(path, 'registry.terraform.io', RANDOM_PROVIDER.source))
    ? path
    : undefined;
}

const run = { env: process.env, signal: new AbortController().signal };

it('locks the providers of all stacks', async () => {
  expect(await requiredProviders(run)).toEqual({
    azurerm: { source: 'azurerm', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    kubernetes: { source: 'kubernetes', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    random: RANDOM_PROVIDER,
  });
});

describeUnless(mirror() === undefined ? 'no folder of providers' : undefined, 'the lock file', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    removeFolder(folder);
  });

  it('lets Terraform take the locked build of a provider, and no other one', async () => {
    const file = join(folder, 'lock.hcl');
    const required = { random: RANDOM_PROVIDER };
    const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
    await lockProviders(required, [`-fs-mirror=${mirror()}`, `-platform=${platform}`], file, run);
    const lock = readFileSync(file, 'utf8');
    expect(lock).toMatch(/version\s+= "3\.7\.2"/);
    withConfiguration(JSON.stringify({ terraform: { required_providers: required } }), (stack) => {
      writeFileSync(join(stack, '.terraform.lock.hcl'), lock);
      expect(terraform(['init'], stack)).toMatchObject({ status: 0 });
      expect(readFileSync(join(stack, '.terraform.lock.hcl'), 'utf8')).toBe(lock);
    });
    withConfiguration(JSON.stringify({ terraform: { required_providers: required } }), (stack) => {
      const other = lock.replace(/h1:[^"]+/, `h1:${Buffer.alloc(32).toString('base64')}`);
      writeFileSync(join(stack, '.terraform.lock.hcl'), other);
      expect(terraform(['init'], stack)).toEqual({
        status: 1,
        text: expect.stringMatching(/doesn't match any of the checksums|checksums? .*lock file/i),
      });
    });
  }, 60_000);

  it('is not written when a build is missing', async () => {
    const file = join(folder, 'lock.hcl');
    await expect(
      lockProviders(
        { random: RANDOM_PROVIDER },
        [`-fs-mirror=${folder}`, '-platform=linux_amd64'],
        file,
        run,
      ),
    ).rejects.toThrow('terraform providers lock failed');
    expect(existsSync(file)).toBe(false);
  }, 60_000);
});

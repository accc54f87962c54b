// Two plans of the same declaration have the same fingerprint, or nobody could deploy what was approved.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describeUnless } from '../../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { EVERYTHING, PRIVATE, TEST_BUNDLE } from '../../../infra/azure/testing/azure-stack';
import { SSH_KEY } from '../../../infra/azure/testing/azure-workspace';
import { type AzureEndpoint, startAzureEndpoint } from '../../../infra/azure/testing/start-azure-endpoint';
import { readConfig } from '../../../infra/core/config';
import { IMAGE_FLAVOURS } from '../../../infra/core/pins';
import { type SynthesisedStack, synthesiseApp } from '../../../infra/core/testing/synthesise';
import { terraform, whyNoProviders, withConfiguration } from '../../../infra/core/testing/terraform';
import { buildApp } from '../../../main';
import { parsePlan } from './plan-model';

type Env = Readonly<Record<string, string>>;

const HA = {
  TSDB_DEPLOY_HA: 'true',
  TSDB_DEPLOY_HA_IMAGE: IMAGE_FLAVOURS.ha.image,
  TSDB_DEPLOY_HA_BACKUP_URL: 'https://plant.blob.core.windows.net/pg',
};
const ROTATED = { TSDB_DEPLOY_PASSWORD_VERSION: '2' };
/** Every stack, and every option that adds something. */
const DEPLOYMENTS: readonly (readonly [string, Env])[] = [
  ['dev', {}],
  ['prod', { TSDB_DEPLOY_ENVIRONMENT: 'prod' }],
  ['everything in Azure', EVERYTHING],
  ['private in Azure', PRIVATE],
  ['a cluster of its own, with standbys', { TSDB_DEPLOY_CLUSTER: 'aks', ...HA }],
  ['rotated passwords', ROTATED],
];

const stacksOf = (env: Env): Readonly<Record<string, SynthesisedStack>> =>
  synthesiseApp((outdir) =>
    buildApp(readConfig(env), { schemaHash: 'f'.repeat(64), bundle: TEST_BUNDLE }, outdir),
  );

describe('no stack has', () => {
  const all = DEPLOYMENTS.flatMap(([what, env]) =>
    Object.entries(stacksOf(env)).map(([name, { text }]) => [`${name} of ${what}`, text] as const),
  );

  it.each(all)('a value that each plan computes anew: %s', (_what, text) =>
    expect(text).not.toMatch(/\b(plantimestamp|uuid|bcrypt)\(/),
  );

  // The time of the run is a change in each plan, unless the resource ignores it after its creation.
  it.each(all)('a time that changes with each run: %s', (_what, text) => {
    const { resource, ...rest } = JSON.parse(text) as SynthesisedStack;
    expect(JSON.stringify(rest)).not.toContain('timestamp(');
    const dated = Object.entries(resource).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, attributes]) =>
        Object.entries(attributes as Readonly<Record<string, unknown>>)
          .filter(([, value]) => JSON.stringify(value).includes('timestamp('))
          .map(([attribute]) => ({
            address: `${type}.${name}`,
            attribute,
            ignored: (attributes as { lifecycle?: { ignore_changes?: readonly string[] } }).lifecycle
              ?.ignore_changes,
          })),
      ),
    );
    const unprotected = dated.filter(
      ({ attribute, ignored = [] }) => !ignored.some((path) => path.split(/[.[]/)[0] === attribute),
    );
    expect(unprotected).toEqual([]);
  });
});

/** The fingerprints of two plans of this configuration, and what Terraform said if there is none. */
function planTwice(folder: string, login: Env = {}): readonly string[] {
  return [1, 2].map((number) => {
    // The clock of Terraform has whole seconds.
    if (number === 2) spawnSync('sleep', ['1.1']);
    const { status, text } = terraform(['plan', '-out=plan'], folder, login);
    if (status !== 0) return text;
    const { stdout } = spawnSync('terraform', ['show', '-json', 'plan'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: Number.POSITIVE_INFINITY,
    });
    return parsePlan(stdout).fingerprint;
  });
}

const FINGERPRINT = expect.stringMatching(/^[0-9a-f]{64}$/);

describeUnless(whyNoProviders(), 'two plans', () => {
  it.each([
    ['dev', {}],
    ['prod', { TSDB_DEPLOY_ENVIRONMENT: 'prod' }],
  ])('of the kubernetes stack of %s', (_what, env) => {
    const stack = stacksOf({ ...env, TSDB_APP_IMAGE: 'registry.example/tsdb:1' }).kubernetes;
    withConfiguration(alone(stack), (folder) => {
      expect(terraform(['init'], folder)).toMatchObject({ status: 0 });
      const [first, second] = planTwice(folder);
      expect(first).toEqual(FINGERPRINT);
      expect(second).toBe(first);
    });
  });
});

describeUnless(whyNoProviders(), 'two plans in Azure', () => {
  let place: string;
  let azure: AzureEndpoint;
  beforeAll(async () => {
    place = temporaryFolder();
    azure = await startAzureEndpoint(place);
  });
  afterAll(() => {
    azure?.stop();
    removeFolder(place);
  });

  it.each<[string, string, Env]>([
    ['azure', 'dev', {}],
    ['azure', 'everything', EVERYTHING],
    ['aks', 'dev', { TSDB_DEPLOY_CLUSTER: 'aks' }],
  ])(
    'of the %s stack of %s',
    (name, _what, env) => {
      const stack = stacksOf({
        TSDB_DEPLOY_SSH_PUBLIC_KEY: SSH_KEY,
        TSDB_DEPLOY_DEPLOYER_CIDRS: '198.51.100.7/32',
        ...env,
      })[name];
      withConfiguration(alone(stack), (folder) => {
        placeBundle(stack, folder);
        expect(terraform(['init'], folder)).toMatchObject({ status: 0 });
        const [first, second] = planTwice(folder, azure.login);
        expect(first).toEqual(FINGERPRINT);
        expect(second).toBe(first);
      });
    },
    120_000,
  );
});

/** The state would be written outside of the folder, and registering resource providers would ask the subscription. */
function alone(stack: SynthesisedStack | undefined): string {
  const { terraform, provider, ...rest } = JSON.parse(stack?.text ?? '');
  const { backend: _, ...kept } = terraform;
  for (const azurerm of provider.azurerm ?? []) {
    azurerm.resource_provider_registrations = 'none';
    delete azurerm.resource_providers_to_register;
  }
  return JSON.stringify({ terraform: kept, provider, ...rest });
}

function placeBundle(stack: SynthesisedStack | undefined, folder: string): void {
  for (const { source } of Object.values(stack?.resource.azurerm_storage_blob ?? {}) as {
    source: string;
  }[]) {
    mkdirSync(dirname(join(folder, source)), { recursive: true });
    copyFileSync(TEST_BUNDLE.path, join(folder, source));
  }
}

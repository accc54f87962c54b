// What a changed declaration does to a deployment that is there, by the word of the real provider.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeUnless } from '../../db/local/testing/needs';
import type { SynthesisedStack } from '../core/testing/synthesise';
import { whyNoProviders } from '../core/testing/terraform';
import { CORE } from './resource-providers';
import { EVERYTHING, synthesiseAzure, TEST_BUNDLE } from './testing/azure-stack';
import { azureWorkspace, type Workspace } from './testing/azure-workspace';
import { recordDeployment } from './testing/recorded-state';

const missing = whyNoProviders();
const deployed = synthesiseAzure();

/** The stack with the machine's attributes edited. */
const withMachine = (edit: Readonly<Record<string, unknown>>): SynthesisedStack => {
  const document = JSON.parse(deployed.text);
  Object.assign(Object.values(document.resource.azurerm_linux_virtual_machine)[0] as object, edit);
  return { ...deployed, text: JSON.stringify(document) };
};

describeUnless(missing, 'a plan against recorded state', () => {
  let recorded: Workspace;
  beforeAll(async () => {
    recorded = await recordDeployment(deployed);
  }, 120_000);
  afterAll(() => recorded?.stop());

  const RUN = ['virtual_machine_run_command', ['delete', 'create']];

  it.each<[string, SynthesisedStack, unknown]>([
    ['the same declaration again: no second rollout', deployed, []],
    [
      'another boot file',
      withMachine({ custom_data: Buffer.from('#cloud-config\n').toString('base64') }),
      [],
    ],
    [
      'another release of Ubuntu',
      withMachine({
        source_image_reference: {
          publisher: 'Canonical',
          offer: 'ubuntu-26_04-lts',
          sku: 'server',
          version: '1',
        },
      }),
      [],
    ],
    [
      'another bundle: a blob and a rollout',
      synthesiseAzure({}, { ...TEST_BUNDLE, sha256: 'c'.repeat(64), name: 'tsdb-cccccccccccccccc.tar.gz' }),
      [['storage_blob', ['delete', 'create']], RUN],
    ],
    ['new passwords: a rollout', synthesiseAzure({ TSDB_DEPLOY_PASSWORD_VERSION: '2' }), [RUN]],
    [
      'another size: the machine is changed, not replaced',
      synthesiseAzure({ TSDB_DEPLOY_VM_SIZE: 'Standard_E4s_v5' }),
      [['linux_virtual_machine', ['update']]],
    ],
  ])('%s', (_what, stack, changes) => expect(recorded.changesTo(stack)).toEqual(changes), 60_000);

  it('would tell a replacement: an edit that no rule ignores', () => {
    expect(recorded.changesTo(withMachine({ admin_username: 'other' }))).toContainEqual([
      'linux_virtual_machine',
      ['delete', 'create'],
    ]);
  }, 60_000);
});

describeUnless(missing, 'a rollout that fails on the machine', () => {
  const NEXT = synthesiseAzure({ TSDB_DEPLOY_PASSWORD_VERSION: '2' });
  const deploy = (workspace: Workspace, stack: SynthesisedStack): string => {
    workspace.configure(stack);
    try {
      workspace.terraform('apply', '-auto-approve', '-no-color');
      return 'green';
    } catch (error) {
      return String(error).includes('the script ended with exit code 1') ? 'red' : String(error);
    }
  };

  it('is red with each deployment until it succeeds, the first one and a later one', async () => {
    const workspace = await azureWorkspace({
      planned: ['azurerm_virtual_machine_run_command'],
      failingRuns: [1, 2, 4, 5],
    });
    try {
      workspace.configure(deployed);
      workspace.terraform('init');
      const first = [1, 2, 3].map(() => deploy(workspace, deployed));
      expect(first).toEqual(['red', 'red', 'green']);
      expect(workspace.changesTo(deployed)).toEqual([]);
      const later = [4, 5, 6].map(() => deploy(workspace, NEXT));
      expect(later).toEqual(['red', 'red', 'green']);
      expect(workspace.changesTo(NEXT)).toEqual([]);
      expect(workspace.terraform('show', '-json')).toContain('"output":"said"');
    } finally {
      workspace.stop();
    }
  }, 600_000);
});

describeUnless(missing, 'a fresh subscription', () => {
  it('has registered what the stack needs after the first plan, and nothing else', async () => {
    const stack = synthesiseAzure(EVERYTHING);
    const workspace = await azureWorkspace({
      planned: ['azurerm_virtual_machine_run_command'],
      registers: true,
    });
    try {
      workspace.configure(stack);
      workspace.terraform('init');
      workspace.terraform('plan');
      const registered = readFileSync(join(workspace.folder, 'registered'), 'utf8').trim().split('\n');
      const extra = JSON.parse(stack.text).provider.azurerm[0].resource_providers_to_register;
      expect(registered.sort()).toEqual([...CORE, ...extra].sort());
    } finally {
      workspace.stop();
    }
  }, 300_000);
});

// For tests: a folder in which the real provider plans and applies parts of the azure stack, against a program that stands for
// Azure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attributes } from '../../core/testing/policy';
import type { SynthesisedStack } from '../../core/testing/synthesise';
import { startAzureEndpoint } from './start-azure-endpoint';

const GROUP = '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg';
export const MACHINE = `${GROUP}/providers/Microsoft.Compute/virtualMachines/vm`;
export const DISK = `${GROUP}/providers/Microsoft.Compute/disks/disk`;

export const urlOf = (name: unknown): string => `https://account.blob.core.windows.net/bundles/${name}`;

export interface Workspace {
  readonly folder: string;
  /** Writes the part of a stack that is planned here. */
  configure(stack: SynthesisedStack): void;
  /** @throws Error with what Terraform said */
  terraform(...args: readonly string[]): string;
  /** `[type, actions]` of everything that a plan changes; empty when there is nothing to do. */
  changesTo(stack: SynthesisedStack): Changes;
  /** The same with all values. The plan is in file `plan`. */
  plan(stack: SynthesisedStack): readonly PlannedChange[];
  stop(): void;
}

export type Changes = readonly (readonly [string, readonly string[]])[];

export interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes;
  };
}

export interface WorkspaceProps {
  /** Types of resources; everything else stands as the values that it has after a deployment. */
  readonly planned: readonly string[];
  /** Which run commands fail, counted from 1. */
  readonly failingRuns?: readonly number[];
  /** Whether the provider registers what the stack needs in a fresh subscription; file `registered` then lists it. */
  readonly registers?: boolean;
}

export async function azureWorkspace(props: WorkspaceProps): Promise<Workspace> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-recorded-'));
  const { login, stop } = await startAzureEndpoint(folder, props.failingRuns);
  const terraform = (...args: readonly string[]) => runTerraform(folder, login, args);
  const configure = (stack: SynthesisedStack) =>
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(part(stack, props)));
  const plan = (stack: SynthesisedStack): readonly PlannedChange[] => {
    configure(stack);
    terraform('plan', '-refresh=false', '-out=plan');
    const { resource_changes = [] } = JSON.parse(terraform('show', '-json', 'plan')) as {
      readonly resource_changes?: readonly PlannedChange[];
    };
    return resource_changes.filter(({ change }) => isReal(change));
  };
  return {
    folder,
    configure,
    terraform,
    plan,
    changesTo: (stack) =>
      plan(stack).map(({ type, change }) => [type.replace('azurerm_', ''), change.actions]),
    stop: () => {
      stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// The provider keeps notes of its own beside the attributes, which a state that was written by hand has not: an update that
// leaves every attribute as it is.
const isReal = ({ actions, before, after }: PlannedChange['change']): boolean =>
  actions[0] !== 'no-op' && JSON.stringify(before) !== JSON.stringify(after);

function part({ text }: SynthesisedStack, { planned, registers = false }: WorkspaceProps) {
  const { resource, provider, terraform } = JSON.parse(text) as {
    readonly resource: Readonly<Record<string, Attributes>>;
    readonly provider: { readonly azurerm: readonly [Attributes] };
    readonly terraform: { readonly required_providers: { readonly azurerm: unknown } };
  };
  return {
    terraform: { required_providers: { azurerm: terraform.required_providers.azurerm } },
    provider: { azurerm: [{ ...provider.azurerm[0], ...(registers ? {} : REGISTERS_NOTHING) }] },
    resource: Object.fromEntries(planned.map((type) => [type, withoutOthers(resource[type], planned)])),
  };
}

const REGISTERS_NOTHING = {
  resource_provider_registrations: 'none',
  resource_providers_to_register: undefined,
};

/** References to what is not planned become values, wherever they stand. */
function withoutOthers(value: unknown, planned: readonly string[]): unknown {
  const inner = (one: unknown) => withoutOthers(one, planned);
  if (Array.isArray(value)) return value.map(inner).filter((one) => one !== undefined);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]));
  if (typeof value !== 'string') return value;
  // An entry of depends_on.
  if (/^azurerm_\w+\.[\w-]+$/.test(value))
    return planned.includes(value.split('.')[0] ?? '') ? value : undefined;
  return value
    .replace(/\$\{var\.ssh_public_key\}/g, SSH_KEY)
    .replace(/(azurerm_\w+|random_password)\.[\w-]+\.(\w+)/g, (reference, type: string, attribute: string) =>
      planned.includes(type) ? reference : JSON.stringify(VALUES[`${type}.${attribute}`] ?? 'value'),
    );
}

const VALUES: Readonly<Record<string, string>> = {
  'azurerm_resource_group.location': 'westeurope',
  'azurerm_linux_virtual_machine.id': MACHINE,
  'azurerm_storage_blob.url': urlOf('bundle.tar.gz'),
  'azurerm_network_interface.id': `${GROUP}/providers/Microsoft.Network/networkInterfaces/nic`,
  'azurerm_storage_account.name': 'account',
  'azurerm_storage_container.name': 'bundles',
  'random_password.result': 'Abcdefgh12345678',
};

/** A key that Azure's provider accepts. Nobody has its other half. */
export const SSH_KEY = `ssh-ed25519 ${Buffer.concat(
  [Buffer.from('ssh-ed25519'), Buffer.alloc(32, 7)].flatMap((field) => [
    Buffer.from([0, 0, 0, field.length]),
    field,
  ]),
).toString('base64')}`;

function runTerraform(
  folder: string,
  login: Readonly<Record<string, string>>,
  args: readonly string[],
): string {
  const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
  const env = { PATH, HOME, TF_CLI_CONFIG_FILE, CHECKPOINT_DISABLE: '1', TF_INPUT: '0', ...login };
  const { status, stdout, stderr } = spawnSync('terraform', args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`terraform ${args[0]} failed: ${stderr}`);
  return stdout;
}

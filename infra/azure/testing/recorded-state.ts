// For tests: the part of the azure stack that holds data, planned by the real provider against a state that was recorded.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attributes } from '../../core/testing/policy';
import type { SynthesisedStack } from '../../core/testing/synthesise';

/** What is planned; everything else stands as the values that it has after a deployment. */
const PLANNED = [
  'azurerm_linux_virtual_machine',
  'azurerm_managed_disk',
  'azurerm_virtual_machine_data_disk_attachment',
  'azurerm_storage_blob',
  'azurerm_virtual_machine_run_command',
];

const GROUP = '/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg';
const MACHINE = `${GROUP}/providers/Microsoft.Compute/virtualMachines/vm`;
const DISK = `${GROUP}/providers/Microsoft.Compute/disks/disk`;

/** What Azure says of resources that are there. */
const KNOWN: Readonly<Record<string, (after: Attributes) => Attributes>> = {
  azurerm_linux_virtual_machine: ({ os_disk }) => ({
    id: MACHINE,
    identity: [{ type: 'SystemAssigned', identity_ids: [], principal_id: 'one', tenant_id: 'one' }],
    os_disk: emptyTexts(os_disk),
    private_ip_addresses: [],
    public_ip_addresses: [],
  }),
  azurerm_managed_disk: () => ({ id: DISK }),
  azurerm_virtual_machine_data_disk_attachment: () => ({
    id: `${MACHINE}/dataDisks/disk`,
    managed_disk_id: DISK,
    virtual_machine_id: MACHINE,
  }),
  azurerm_storage_blob: ({ name }) => ({ id: urlOf(name), url: urlOf(name), metadata: {} }),
  azurerm_virtual_machine_run_command: (after) => ({
    id: `${MACHINE}/runCommands/run`,
    virtual_machine_id: MACHINE,
    instance_view: [],
    source: emptyTexts(after.source),
    parameter: (after.parameter as Attributes[]).map((one, at) =>
      at === 0 ? { ...one, value: urlOf('tsdb-bbbbbbbbbbbbbbbb.tar.gz') } : one,
    ),
  }),
};

/** Inside a block the provider records what was not given as an empty text. */
const emptyTexts = (blocks: unknown): readonly Attributes[] =>
  (blocks as readonly Attributes[]).map((block) =>
    Object.fromEntries(Object.entries(block).map(([name, value]) => [name, value ?? ''])),
  );

const urlOf = (name: unknown): string => `https://account.blob.core.windows.net/bundles/${name}`;

/** `[type, actions]` of everything that a plan changes; empty when there is nothing to do. */
export type Changes = readonly (readonly [string, readonly string[]])[];

export interface RecordedDeployment {
  /** What the provider would do to bring the deployment to this stack. */
  changesTo(stack: SynthesisedStack): Changes;
  stop(): void;
}

/**
 * Records the state that a deployment of this stack leaves behind.
 * @throws Error with what Terraform said
 */
export async function recordDeployment(stack: SynthesisedStack): Promise<RecordedDeployment> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-recorded-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  run(folder, {}, 'openssl', [
    ...'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost'.split(
      ' ',
    ),
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  const endpoint = spawn(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'azure-endpoint.ts'), key, certificate],
    { cwd: join(__dirname, '..', '..', '..'), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [port] = (await once(endpoint.stdout, 'data')) as [Buffer];
  const terraform = (...args: readonly string[]) =>
    run(folder, environment(certificate, String(port).trim()), 'terraform', args);
  const changes = (planned: SynthesisedStack): readonly PlannedChange[] => {
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(part(planned)));
    terraform('plan', '-refresh=false', '-out=plan');
    const { resource_changes = [] } = JSON.parse(terraform('show', '-json', 'plan')) as {
      readonly resource_changes?: readonly PlannedChange[];
    };
    return resource_changes.filter(({ change }) => isReal(change));
  };
  const stop = () => end(endpoint, folder);
  try {
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify(part(stack)));
    terraform('init');
    const created = changes(stack);
    const versions = JSON.parse(terraform('show', '-json', 'plan')) as Planned;
    writeFileSync(join(folder, 'terraform.tfstate'), JSON.stringify(stateOf(created, versions)));
  } catch (error) {
    stop();
    throw error;
  }
  return {
    changesTo: (next) =>
      changes(next).map(({ type, change }) => [type.replace('azurerm_', ''), change.actions]),
    stop,
  };
}

// The provider keeps notes of its own beside the attributes, which a state that was written by hand has not: an update that
// leaves every attribute as it is.
const isReal = ({ actions, before, after }: PlannedChange['change']): boolean =>
  actions[0] !== 'no-op' && JSON.stringify(before) !== JSON.stringify(after);

interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes;
  };
}

interface Planned {
  readonly planned_values: {
    readonly root_module: {
      readonly resources: readonly { readonly address: string; readonly schema_version: number }[];
    };
  };
}

function part({ text }: SynthesisedStack) {
  const { resource, provider, terraform } = JSON.parse(text) as {
    readonly resource: Readonly<Record<string, Attributes>>;
    readonly provider: { readonly azurerm: readonly [Attributes] };
    readonly terraform: { readonly required_providers: { readonly azurerm: unknown } };
  };
  return {
    terraform: { required_providers: { azurerm: terraform.required_providers.azurerm } },
    // Registering would ask the subscription.
    provider: { azurerm: [{ ...provider.azurerm[0], resource_provider_registrations: 'none' }] },
    resource: Object.fromEntries(PLANNED.map((type) => [type, withoutOthers(resource[type])])),
  };
}

/** References to what is not planned become values, wherever they stand. */
function withoutOthers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOthers).filter((one) => one !== undefined);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutOthers(inner)]));
  if (typeof value !== 'string') return value;
  // An entry of depends_on.
  if (/^azurerm_\w+\.[\w-]+$/.test(value))
    return PLANNED.includes(value.split('.')[0] ?? '') ? value : undefined;
  return value
    .replace(/\$\{var\.ssh_public_key\}/g, SSH_KEY)
    .replace(/(azurerm_\w+)\.[\w-]+\.(\w+)/g, (reference, type: string, attribute: string) =>
      PLANNED.includes(type) ? reference : JSON.stringify(VALUES[`${type}.${attribute}`] ?? 'value'),
    );
}

const VALUES: Readonly<Record<string, string>> = {
  'azurerm_resource_group.location': 'westeurope',
  'azurerm_network_interface.id': `${GROUP}/providers/Microsoft.Network/networkInterfaces/nic`,
  'azurerm_storage_account.name': 'account',
  'azurerm_storage_container.name': 'bundles',
};

const SSH_KEY = `ssh-ed25519 ${Buffer.concat(
  [Buffer.from('ssh-ed25519'), Buffer.alloc(32, 7)].flatMap((field) => [
    Buffer.from([0, 0, 0, field.length]),
    field,
  ]),
).toString('base64')}`;

function stateOf(created: readonly PlannedChange[], { planned_values }: Planned) {
  const versionOf = (address: string) =>
    planned_values.root_module.resources.find((one) => one.address === address)?.schema_version ?? 0;
  return {
    version: 4,
    terraform_version: '1.11.0',
    serial: 1,
    lineage: 'recorded',
    outputs: {},
    resources: created.map(({ address, type, name, change: { after } }) => ({
      mode: 'managed',
      type,
      name,
      provider: 'provider["registry.terraform.io/hashicorp/azurerm"]',
      instances: [{ schema_version: versionOf(address), attributes: { ...after, ...KNOWN[type]?.(after) } }],
    })),
  };
}

const environment = (certificate: string, port: string): Readonly<Record<string, string>> => ({
  SSL_CERT_FILE: certificate,
  ARM_METADATA_HOSTNAME: `localhost:${port}`,
  ARM_PROVIDER_ENHANCED_VALIDATION: 'false',
  ARM_USE_CLI: 'false',
  ARM_TENANT_ID: '11111111-1111-1111-1111-111111111111',
  ARM_CLIENT_ID: '33333333-3333-3333-3333-333333333333',
  ARM_CLIENT_SECRET: 'nobody-checks-it',
  ARM_SUBSCRIPTION_ID: '44444444-4444-4444-4444-444444444444',
});

function run(
  folder: string,
  own: Readonly<Record<string, string>>,
  program: string,
  args: readonly string[],
): string {
  const { PATH, HOME, TF_CLI_CONFIG_FILE } = process.env;
  const env = { PATH, HOME, TF_CLI_CONFIG_FILE, CHECKPOINT_DISABLE: '1', TF_INPUT: '0', ...own };
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args[0]} failed: ${stderr}`);
  return stdout;
}

function end(endpoint: ChildProcess, folder: string): void {
  endpoint.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

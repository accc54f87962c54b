// For tests: the part of the azure stack that holds data, planned by the real provider against a state that was recorded.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attributes } from '../../core/testing/policy';
import type { SynthesisedStack } from '../../core/testing/synthesise';
import { azureWorkspace, DISK, MACHINE, type PlannedChange, urlOf, type Workspace } from './azure-workspace';

/** What is planned; everything else stands as the values that it has after a deployment. */
const PLANNED = [
  'azurerm_linux_virtual_machine',
  'azurerm_managed_disk',
  'azurerm_virtual_machine_data_disk_attachment',
  'azurerm_storage_blob',
  'azurerm_virtual_machine_run_command',
];

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
    id: `${MACHINE}/runCommands/${after.name}`,
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

/** What is recorded in place of the part of the azure stack that holds data. */
export interface Recording {
  readonly planned: readonly string[];
  /** By type, what Azure says of a resource that is there. */
  readonly known: Readonly<Record<string, (after: Attributes) => Attributes>>;
}

/**
 * The real provider with the state that a deployment of this stack leaves behind.
 * @throws Error with what Terraform said
 */
export async function recordDeployment(
  stack: SynthesisedStack,
  { planned, known }: Recording = { planned: PLANNED, known: KNOWN },
): Promise<Workspace> {
  const workspace = await azureWorkspace({ planned });
  try {
    workspace.configure(stack);
    workspace.terraform('init');
    const created = workspace.plan(stack);
    const versions = JSON.parse(workspace.terraform('show', '-json', 'plan')) as Planned;
    writeFileSync(
      join(workspace.folder, 'terraform.tfstate'),
      JSON.stringify(stateOf(created, versions, known)),
    );
    return workspace;
  } catch (error) {
    workspace.stop();
    throw error;
  }
}

interface Planned {
  readonly planned_values: {
    readonly root_module: {
      readonly resources: readonly { readonly address: string; readonly schema_version: number }[];
    };
  };
}

function stateOf(created: readonly PlannedChange[], { planned_values }: Planned, known: Recording['known']) {
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
      instances: [{ schema_version: versionOf(address), attributes: { ...after, ...known[type]?.(after) } }],
    })),
  };
}

// Brings a bundle to the machine: uploads it and runs the script that fetches it. A failing script fails the deployment, and
// each further deployment until the script succeeds.
import { createHash } from 'node:crypto';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import { StorageBlob } from '@cdktf/provider-azurerm/lib/storage-blob';
import { VirtualMachineRunCommand } from '@cdktf/provider-azurerm/lib/virtual-machine-run-command';
import { AssetType, type ITerraformDependable, TerraformAsset } from 'cdktf';
import { Construct } from 'constructs';
import type { Bundle } from './machine/bundle';
import { fetchReleaseScript } from './machine/fetch-release';
import type { Place } from './place';
import type { Storage } from './storage';

export interface RolloutProps {
  readonly machine: LinuxVirtualMachine;
  readonly storage: Storage;
  readonly bundle: Bundle;
  /** What the script needs: the data disk, the secrets, the roles of the machine. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * A new bundle, disk size or password version runs the script again on the same machine.
 * @returns the run command, whose output ends with the root certificate of the machine, if it has an authority of its own
 */
export function addRollout(
  stack: Construct,
  { config, resourceGroup }: Place,
  props: RolloutProps,
): VirtualMachineRunCommand {
  const scope = new Construct(stack, 'rollout');
  const { machine, storage, bundle, after } = props;
  const asset = new TerraformAsset(scope, 'bundle', {
    path: bundle.path,
    type: AssetType.FILE,
    assetHash: bundle.sha256,
  });
  const blob = new StorageBlob(scope, 'blob', {
    // The name contains the hash, so each bundle is a blob of its own.
    name: bundle.name,
    storageAccountName: storage.account.name,
    storageContainerName: storage.bundles.name,
    type: 'Block',
    contentType: 'application/gzip',
    // Relative to the stack, so that the JSON contains no path of the machine that runs synthesis.
    source: asset.path,
    dependsOn: [storage.mayWrite, ...after],
  });
  const script = withoutTemplates(fetchReleaseScript());
  const what = {
    bundle_sha256: bundle.sha256,
    // The script does not read these. A changed number runs it again, so that it picks up a new password or a larger disk.
    password_version: String(config.passwordVersion),
    disk_gib: String(config.diskGiB),
  };
  return new VirtualMachineRunCommand(scope, 'run', {
    // Each rollout is a new command, and its name contains what it is for. When an update in place fails, the provider
    // still saves the new arguments in the state, so that the next plan would find nothing left to do. A command that
    // could not be created is tainted: the next deployment runs it again.
    name: `tsdb-rollout-${shortHash(JSON.stringify({ script, what }))}`,
    location: resourceGroup.location,
    virtualMachineId: machine.id,
    source: { script },
    parameter: [
      { name: 'bundle_url', value: blob.url },
      ...Object.entries(what).map(([name, value]) => ({ name, value })),
    ],
    // Other tags would be an update in place, which runs the script as well.
    lifecycle: { ignoreChanges: ['tags'] },
    // The first run pulls the images and may have to wait for the machine's roles.
    timeouts: { create: '60m', update: '60m' },
    dependsOn: [...after],
  });
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function withoutTemplates(script: string): string {
  if (/[$%]\{/.test(script)) throw new Error('the rollout script must not contain Terraform templates');
  return script;
}

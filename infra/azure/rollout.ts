// Brings a bundle to the machine: uploads it and runs the script that fetches it. A failing script fails the deployment.
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
  return new VirtualMachineRunCommand(scope, 'run', {
    name: 'tsdb-rollout',
    location: resourceGroup.location,
    virtualMachineId: machine.id,
    source: { script: withoutTemplates(fetchReleaseScript()) },
    parameter: [
      { name: 'bundle_url', value: blob.url },
      { name: 'bundle_sha256', value: bundle.sha256 },
      // The script does not read these. A changed number runs it again, so that it picks up a new password or a
      // larger disk.
      { name: 'password_version', value: String(config.passwordVersion) },
      { name: 'disk_gib', value: String(config.diskGiB) },
    ],
    // The first run pulls the images and may have to wait for the machine's roles.
    timeouts: { create: '60m', update: '60m' },
    dependsOn: [...after],
  });
}

function withoutTemplates(script: string): string {
  if (/[$%]\{/.test(script)) throw new Error('the rollout script must not contain Terraform templates');
  return script;
}

// What an operator sees after a deployment: where things are and what to do next.
import type { KeyVault } from '@cdktf/provider-azurerm/lib/key-vault';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { TerraformOutput, type TerraformStack } from 'cdktf';
import type { DeployConfig } from '../core/config';
import { azureName, DATABASE } from '../core/names';
import type { Bastion } from './bastion';
import { ADMIN_USER } from './database-vm';
import { DATA_PATHS } from './machine/machine-layout';
import type { Network } from './network';

export interface OutputsProps {
  readonly config: DeployConfig;
  readonly network: Network;
  readonly machine: LinuxVirtualMachine;
  readonly vault: KeyVault;
  readonly account: StorageAccount;
  readonly bastion: Bastion | undefined;
}

/** Adds the outputs; none of them is a secret. */
export function addOutputs(stack: TerraformStack, props: OutputsProps): void {
  const { config, machine, vault, account } = props;
  const api = `https://${hostOf(props)}`;
  const shell = shellOf(props);
  const outputs: Readonly<Record<string, string>> = {
    api_url: api,
    ssh: shell,
    machine_id: machine.id,
    vault_name: vault.name,
    storage_account_name: account.name,
    resource_group: azureName(config, 'rg'),
    next_steps: nextSteps(config, api, shell).join('\n'),
  };
  for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value });
}

function hostOf({ config, network }: OutputsProps): string {
  if (config.azure.hostName !== '') return config.azure.hostName;
  return network.publicIp?.ipAddress ?? network.networkInterface.privateIpAddress;
}

// Both commands also open a tunnel to the database, because its port is not open on the network.
function shellOf({ network, machine, bastion, config }: OutputsProps): string {
  const tunnel = `-L ${DATABASE.port}:127.0.0.1:${DATABASE.port}`;
  if (bastion !== undefined)
    return `az network bastion ssh --name ${bastion.host.name} --resource-group ${azureName(config, 'rg')} --target-resource-id ${machine.id} --auth-type ssh-key --username ${ADMIN_USER} --ssh-key ~/.ssh/id_ed25519 -- ${tunnel}`;
  const address = network.publicIp?.ipAddress ?? network.networkInterface.privateIpAddress;
  return `ssh ${tunnel} ${ADMIN_USER}@${address}`;
}

function nextSteps({ azure }: DeployConfig, api: string, shell: string): readonly string[] {
  const { apiCidrs, sshCidrs, parts, exposure, hostName, dnsLabel, alertEmail } = azure;
  const ownName = hostName !== '' && dnsLabel === '';
  return [
    ...(apiCidrs.length === 0
      ? ['Port 443 is closed: set TSDB_DEPLOY_API_CIDRS to the networks of your users.']
      : []),
    ...(sshCidrs.length === 0 && !parts.includes('bastion')
      ? [
          'Port 22 is closed: set TSDB_DEPLOY_SSH_CIDRS to the networks of your operators, or add part bastion.',
        ]
      : []),
    ...(exposure === 'private' ? ['The machine has a private address only: connect from its network.'] : []),
    ...(ownName ? [`Let the name ${hostName} lead to the address of the machine.`] : []),
    ...(alertEmail === '' ? ['Nobody is told about alerts: set TSDB_DEPLOY_ALERT_EMAIL.'] : []),
    `Shell, and the database on 127.0.0.1:${DATABASE.port} of your machine while it is open: ${shell}`,
    `First key of the API, on the machine: sudo ${DATA_PATHS.dataDisk}/current/tsdb.sh keys create --name me --role admin`,
    `Is it up? curl ${api}/health/ready`,
    'Runbook: docs/azure.md',
  ];
}

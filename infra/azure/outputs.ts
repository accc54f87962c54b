// What an operator sees after a deployment: where things are and what to do next.
import type { BastionHost } from '@cdktf/provider-azurerm/lib/bastion-host';
import type { LinuxVirtualMachine } from '@cdktf/provider-azurerm/lib/linux-virtual-machine';
import type { VirtualMachineRunCommand } from '@cdktf/provider-azurerm/lib/virtual-machine-run-command';
import { Fn, TerraformOutput, type TerraformStack } from 'cdktf';
import type { DeployConfig } from '../core/config';
import { azureName, DATABASE } from '../core/names';
import type { AzureConfig } from '../core/settings/azure';
import { ADMIN_USER } from './database-vm';
import type { EventHubs } from './event-hubs';
import { NAMELESS } from './machine/caddyfile';
import { DATA_PATHS } from './machine/machine-layout';
import { tlsOf } from './machine-bundle';
import type { Vault } from './secrets';
import type { Storage } from './storage';

export interface OutputsProps {
  readonly config: DeployConfig;
  /** Of the machine. */
  readonly address: string;
  readonly machine: LinuxVirtualMachine;
  readonly vault: Vault;
  readonly storage: Storage;
  readonly eventHubs: EventHubs | undefined;
  readonly bastion: BastionHost | undefined;
  readonly rollout: VirtualMachineRunCommand;
  /** Of a stack whose database is not on the machine. */
  readonly elsewhere?: {
    readonly databaseHost: string;
    /** Prefix of the name of its resource group; see `azureName`. */
    readonly group: string;
    readonly runbook: string;
  };
}

/** Adds the outputs; none of them is a secret. */
export function addOutputs(stack: TerraformStack, props: OutputsProps): void {
  const { config, address, machine, vault, storage, eventHubs } = props;
  const api = `https://${config.azure.hostName || address}`;
  const ssh = sshCommand(props);
  const outputs = {
    api_url: api,
    ...certificateOutputs(props),
    ssh,
    machine_id: machine.id,
    vault_name: vault.vault.name,
    storage_account_name: storage.account.name,
    ...(eventHubs === undefined
      ? {}
      : { kafka_brokers: eventHubs.brokers, event_hubs_id: eventHubs.namespace.id }),
    resource_group: groupOf(props),
    next_steps: nextSteps(props, api, ssh).join('\n'),
  };
  for (const [name, value] of Object.entries(outputs)) new TerraformOutput(stack, name, { value });
}

/**
 * What a client needs to know besides the address: the authority in PEM, and the name in the certificate where the address has
 * none. Both are absent with a certificate of a public authority.
 */
function certificateOutputs({ config, rollout }: OutputsProps): Readonly<Record<string, string>> {
  if (tlsOf(config.azure) === 'acme') return {};
  const said = rollout.instanceView.get(0).output;
  // Empty when the machine did not print it.
  const authority = Fn.try([Fn.regex(CERTIFICATE, said), '']);
  return { api_ca: authority, ...(config.azure.hostName === '' ? { api_servername: NAMELESS } : {}) };
}

const CERTIFICATE = '-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----';

// Both commands also open a tunnel to the database, because its port is not open on the network.
function sshCommand(props: OutputsProps): string {
  const { address, machine, bastion, elsewhere } = props;
  const tunnel = `-L ${DATABASE.port}:${elsewhere?.databaseHost ?? '127.0.0.1'}:${DATABASE.port}`;
  if (bastion === undefined) return `ssh ${tunnel} ${ADMIN_USER}@${address}`;
  return `az network bastion ssh --name ${bastion.name} --resource-group ${groupOf(props)} --target-resource-id ${machine.id} --auth-type ssh-key --username ${ADMIN_USER} --ssh-key ~/.ssh/id_ed25519 -- ${tunnel}`;
}

const groupOf = ({ config, elsewhere }: OutputsProps): string => azureName(config, elsewhere?.group ?? 'rg');

function nextSteps(
  { config: { azure }, elsewhere }: OutputsProps,
  api: string,
  ssh: string,
): readonly string[] {
  const { apiCidrs, sshCidrs, parts, exposure, hostName, dnsLabel, alertEmail } = azure;
  const hasShell = sshCidrs.length > 0 || parts.includes('bastion');
  const steps = [
    apiCidrs.length === 0 && 'Port 443 is closed: set TSDB_DEPLOY_API_CIDRS to the networks of your users.',
    !hasShell &&
      'Port 22 is closed: set TSDB_DEPLOY_SSH_CIDRS to the networks of your operators, or add part bastion.',
    exposure === 'private' && 'The machine has a private address only: connect from its network.',
    hostName !== '' && dnsLabel === '' && `Let the name ${hostName} lead to the address of the machine.`,
    alertEmail === '' && 'Nobody is told about alerts: set TSDB_DEPLOY_ALERT_EMAIL.',
    `Shell, and the database on 127.0.0.1:${DATABASE.port} of your machine while it is open: ${ssh}`,
    `First key of the API, on the machine: sudo ${DATA_PATHS.dataDisk}/current/tsdb.sh keys create --name me --role admin`,
    `Is it up? ${healthCheck(azure, api)}`,
    `Runbook: ${elsewhere?.runbook ?? 'docs/azure.md'}`,
  ];
  return steps.filter((step) => step !== false);
}

function healthCheck(azure: AzureConfig, api: string): string {
  const path = '/health/ready';
  if (tlsOf(azure) === 'acme') return `curl ${api}${path}`;
  const curl = 'curl --cacert ca.crt';
  const asked =
    azure.hostName === ''
      ? `${curl} --connect-to ${NAMELESS}:443:${api.replace('https://', '')}:443 https://${NAMELESS}${path}`
      : `${curl} ${api}${path}`;
  return `Save output api_ca as ca.crt, then ${asked}`;
}

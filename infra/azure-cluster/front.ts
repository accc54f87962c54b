// The machine in front of the cluster: that of the azure stack, but without a database of its own.
import type { BundleProps } from '../azure/machine/bundle';
import { bundleProps } from '../azure/machine-bundle';
import type { DeployConfig } from '../core/config';
import type { AzurePart } from '../core/settings/azure';
import { CITUS } from './logins';

/** Parts of the azure stack that this stack has too. The others are about backups and disks of a database on the machine. */
const PARTS: readonly AzurePart[] = ['bastion', 'locks', 'maintenance-window', 'nat', 'private-endpoints'];

/** Certificates, and the newest releases. */
const DISK_GIB = 16;

/** The settings of the machine. It runs no consumers: those of the azure stack would read the same topics. */
export function frontConfig(config: DeployConfig): DeployConfig {
  const { azure } = config;
  return {
    ...config,
    diskGiB: DISK_GIB,
    azure: {
      ...azure,
      diskIops: 3000,
      diskMbps: 125,
      eventHubs: 'none',
      parts: azure.parts.filter((part) => PARTS.includes(part)),
    },
  };
}

/** @param programFolder the built program; see `core/program.ts` */
export function clusterBundleProps(config: DeployConfig, programFolder: string): BundleProps {
  const { consumers: _consumers, ...props } = bundleProps(frontConfig(config), programFolder);
  // The service backs up the cluster, and keeps the backups for 35 days.
  return { ...props, backups: { ...props.backups, enabled: false }, managed: CITUS };
}

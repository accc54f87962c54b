// The settings as the bundle of the machine wants them.
import type { DeployConfig } from '../core/config';
import { databaseShare } from '../core/machine-sizes';
import type { AzureConfig } from '../core/settings/azure';
import type { BundleProps } from './machine/bundle';

/** @param programFolder the built program; see `core/program.ts` */
export function bundleProps(
  { image, schemas, allow, azure }: DeployConfig,
  programFolder: string,
): BundleProps {
  const { exposure, hostName, backupDays } = azure;
  return {
    image,
    size: databaseShare(azure.machine),
    schemas,
    hostName,
    tls: tlsOf(azure),
    exposure,
    // One full backup a week.
    backups: { enabled: true, keepFull: Math.ceil(backupDays / 7), keepDiff: 7 },
    programFolder,
    ...(allow === '' ? {} : { allow }),
  };
}

/** A public authority connects to port 443 from any address. Where it cannot, the machine signs its own certificate. */
export function tlsOf({ exposure, hostName, apiCidrs }: AzureConfig): BundleProps['tls'] {
  const isReachable = exposure === 'public' && apiCidrs.includes('0.0.0.0/0');
  return hostName !== '' && isReachable ? 'acme' : 'internal';
}

// The settings as the bundle of the machine wants them.
import type { DeployConfig } from '../core/config';
import { databaseShare } from '../core/machine-sizes';
import type { BundleProps } from './machine/bundle';

/** @param programFolder the built program; see `core/program.ts` */
export function bundleProps(
  { image, schemas, allow, azure }: DeployConfig,
  programFolder: string,
): BundleProps {
  const { exposure, hostName, apiCidrs, backupDays } = azure;
  // A public authority connects to port 443 from any address. Where it cannot, the machine signs its own certificate.
  const isReachable = exposure === 'public' && apiCidrs.includes('0.0.0.0/0');
  return {
    image,
    size: databaseShare(azure.machine),
    schemas,
    hostName,
    tls: hostName !== '' && isReachable ? 'acme' : 'internal',
    exposure,
    // One full backup a week.
    backups: { enabled: true, keepFull: Math.ceil(backupDays / 7), keepDiff: 7 },
    programFolder,
    ...(allow === '' ? {} : { allow }),
  };
}

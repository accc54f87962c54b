// Turns the settings into the bundle that the machine runs.
import type { DeployConfig } from '../core/config';
import { databaseShare } from '../core/machine-sizes';
import { type Bundle, type BundleProps, writeBundle } from './machine/bundle';

/**
 * Writes the application bundle for these settings.
 * @param programFolder the built program; see `core/program.ts`
 * @param folder where the archive goes
 */
export function machineBundle(config: DeployConfig, programFolder: string, folder: string): Bundle {
  return writeBundle(bundleProps(config, programFolder), folder);
}

/** The settings as the bundle wants them. */
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

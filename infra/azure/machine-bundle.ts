// The settings as the bundle of the machine wants them.
import type { DeployConfig } from '../core/config';
import { databaseShare } from '../core/machine-sizes';
import { POOLER_IMAGE } from '../core/pins';
import { POOLER_MIB, poolSize } from '../core/pooler-sizes';
import type { AzureConfig } from '../core/settings/azure';
import type { BundleProps } from './machine/bundle';
import { API_PLACES } from './machine/caddyfile';
import { CONSUMER_MIB } from './machine/compose/consumer-service';
import { consumersOf } from './machine-consumers';

/** @param programFolder the built program; see `core/program.ts` */
export function bundleProps(config: DeployConfig, programFolder: string): BundleProps {
  const { image, schemas, allow, azure } = config;
  const { exposure, hostName, backupDays } = azure;
  const consumers = consumersOf(config);
  const { pooler } = config;
  const poolersMiB = pooler.enabled ? API_PLACES.length * POOLER_MIB : 0;
  const size = databaseShare(azure.machine, consumers.length * CONSUMER_MIB + poolersMiB);
  return {
    image,
    size,
    schemas,
    hostName,
    tls: tlsOf(azure),
    exposure,
    // One full backup a week.
    backups: { enabled: true, keepFull: Math.ceil(backupDays / 7), keepDiff: 7 },
    programFolder,
    ...(allow === '' ? {} : { allow }),
    ...(consumers.length === 0 ? {} : { consumers }),
    ...(pooler.enabled
      ? { pooler: { image: pooler.image || POOLER_IMAGE, size: poolSize(pooler.size, size, 'machine') } }
      : {}),
  };
}

/** A public authority connects to port 443 from any address. Where it cannot, the machine signs its own certificate. */
export function tlsOf({ exposure, hostName, apiCidrs }: AzureConfig): BundleProps['tls'] {
  const isReachable = exposure === 'public' && apiCidrs.includes('0.0.0.0/0');
  return hostName !== '' && isReachable ? 'acme' : 'internal';
}

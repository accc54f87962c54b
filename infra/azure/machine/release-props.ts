// The properties of a release, and what follows from them.
import type { ManagedDatabase } from '../../core/logins';
import type { MachineSize } from '../../core/machine-sizes';
import type { ImageFlavour } from '../../core/pins';
import type { Consumer } from './consumer';

/** Everything that may differ between two releases, except the program. */
export interface ReleaseProps {
  readonly image: ImageFlavour;
  /** What the database may use of the machine. */
  readonly size: MachineSize;
  /** Schema sets, comma-separated. The sets that every deployment needs are added to them. */
  readonly schemas: string;
  /** Name that the certificate is for; empty for none. */
  readonly hostName: string;
  /** `acme` asks a public authority, which must be able to reach port 443 of `hostName`. */
  readonly tls: 'acme' | 'internal';
  readonly exposure: 'public' | 'private';
  readonly backups: BackupProps;
  /** Hazards of schema changes that this deployment allows, comma-separated; none when left out. */
  readonly allow?: string;
  /** Of brokers; none when left out. */
  readonly consumers?: readonly Consumer[];
  /** A service runs the database elsewhere and backs it up; left out where the machine itself does. */
  readonly managed?: ManagedDatabase;
  /** PgBouncer for API and consumers; they reach the database themselves when it is left out. */
  readonly pooler?: PoolerProps;
}

export interface PoolerProps {
  readonly image: string;
  /** Most connections to the database. */
  readonly size: number;
}

/** An image with pgBackRest gets a repository with point-in-time recovery; any other image gets a dump each night. */
export interface BackupProps {
  readonly enabled: boolean;
  /** Full backups that pgBackRest keeps, at least 1. */
  readonly keepFull: number;
  /** Differential backups that pgBackRest keeps, at least 1. */
  readonly keepDiff: number;
}

/** Whether the database archives into a repository of pgBackRest. */
export const hasRepository = ({ backups, image }: ReleaseProps): boolean =>
  backups.enabled && image.hasPgBackRest;

/** Which backups the machine makes; the scripts know them by these names. */
export function backupKind(props: ReleaseProps): 'pgbackrest' | 'dump' | 'off' {
  if (!props.backups.enabled) return 'off';
  return hasRepository(props) ? 'pgbackrest' : 'dump';
}

/** @throws RangeError when the properties contradict each other. */
export function checkRelease(props: ReleaseProps): void {
  const { allow = '', backups, consumers = [], exposure, hostName, managed, schemas, tls } = props;
  if (tls === 'acme' && (hostName === '' || exposure === 'private'))
    throw new RangeError(
      'tls "acme" needs a host name that a public authority can reach; give one and exposure "public", or take tls "internal"',
    );
  if (!/^[a-z0-9.-]*$/.test(hostName)) throw new RangeError(`hostName must be a DNS name, got "${hostName}"`);
  if (!/^[a-z0-9_]+(,[a-z0-9_]+)*$/.test(schemas))
    throw new RangeError(`schemas must be names with commas between, got "${schemas}"`);
  if (!/^[a-z-]*(,[a-z-]+)*$/.test(allow))
    throw new RangeError(`allow must be hazards with commas between, got "${allow}"`);
  if (managed !== undefined && (backups.enabled || consumers.length > 0))
    throw new RangeError('a machine without a database of its own backs up nothing and runs no consumers');
  if (backups.keepFull < 1 || backups.keepDiff < 1)
    throw new RangeError('backups must keep at least one full and one differential backup');
}

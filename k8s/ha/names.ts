// The names that the operator gives to things, or that it is given.
import type { DeployConfig } from '../../infra/core/config';

/** API groups as the operator 1.30 and its backup plugin 0.14 serve them. */
export const OPERATOR_API = 'postgresql.cnpg.io/v1';
export const STORE_API = 'barmancloud.cnpg.io/v1';

/** Writes base backups and write-ahead log; the operator's own code for that ends with its version 1.31. */
export const BACKUP_PLUGIN = 'barman-cloud.cloudnative-pg.io';

export interface HaNames {
  readonly cluster: string;
  /** Service that always leads to the primary. */
  readonly primary: string;
  readonly superuserSecret: string;
  readonly pooler: string;
  readonly store: string;
  readonly images: string;
  /** Folder in the object store: another deployment that restores from it must not write there. */
  readonly server: string;
}

export function haNames({ name, environment }: DeployConfig): HaNames {
  return {
    cluster: name,
    primary: `${name}-rw`,
    superuserSecret: `${name}-superuser`,
    pooler: `${name}-pooler`,
    store: `${name}-backups`,
    images: `${name}-images`,
    server: `${name}-${environment}`,
  };
}

// Names that the operator chooses, and names that we give it.
import type { DeployConfig } from '../../infra/core/config';

/** API groups of the operator 1.30 and its backup plugin 0.14. */
export const OPERATOR_API = 'postgresql.cnpg.io/v1';
export const STORE_API = 'barmancloud.cnpg.io/v1';

/** Writes base backups and write-ahead log. Version 1.31 of the operator removes its own code for that. */
export const BACKUP_PLUGIN = 'barman-cloud.cloudnative-pg.io';

export function haNames({ name, environment }: DeployConfig) {
  return {
    cluster: name,
    /** Labels of all its instances. */
    pods: { 'cnpg.io/cluster': name },
    // The service that always leads to the primary.
    primary: `${name}-rw`,
    superuserSecret: `${name}-superuser`,
    pooler: `${name}-pooler`,
    store: `${name}-backups`,
    images: `${name}-images`,
    // Folder in the object store. A deployment that restores from another one's folder must not write there.
    server: `${name}-${environment}`,
  };
}

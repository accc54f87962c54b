// What the kubernetes stack has to know of its database, which is a pod of its own or is made by another stack.
import type { DatabaseKind, DeployConfig } from '../infra/core/config';
import type { DatabaseAccess } from './database-access';
import { haDatabase } from './ha/database-access';
import { haNames } from './ha/names';
import { selectorLabels } from './metadata';
import { shardedDatabase } from './sharded/database-access';
import { shardedNames } from './sharded/names';

export interface DatabaseSource {
  /** Labels of the pods that clients reach. */
  readonly pods: Readonly<Record<string, string>>;
  /** What runs there: an image, or a version. When it changes, the extensions in the database are looked at again. */
  readonly server: string;
  /** Objects that `kubectl get` shows. */
  readonly objects: string;
  /** Absent when the kubernetes stack makes the database, with namespace, limits and storage class. */
  readonly access?: DatabaseAccess;
}

const SOURCES: Readonly<Record<DatabaseKind, (config: DeployConfig) => DatabaseSource>> = {
  single: (config) => ({
    pods: selectorLabels(config, 'database'),
    server: config.image.image,
    objects: 'statefulsets',
  }),
  replicating: (config) => ({
    pods: haNames(config).pods,
    server: config.kubernetes.haImage,
    objects: 'clusters.postgresql.cnpg.io',
    access: haDatabase(config),
  }),
  sharded: (config) => ({
    pods: shardedNames(config).coordinatorPods,
    server: `${config.sharded.postgresVersion} ${config.sharded.shards}`,
    objects: 'sgshardedclusters.stackgres.io',
    access: shardedDatabase(config),
  }),
};

export const databaseSource = (config: DeployConfig): DatabaseSource => SOURCES[config.databaseKind](config);

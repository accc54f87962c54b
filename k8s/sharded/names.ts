// Names that the operator StackGres chooses, and names that we give it.
import type { DeployConfig } from '../../infra/core/config';

/** As in the definitions of version 1.18.6 of the operator, which serve no other version of these kinds. */
export const SHARDED_API = 'stackgres.io/v1alpha1';
export const PROFILE_API = 'stackgres.io/v1';
export const STORE_API = 'stackgres.io/v1beta1';

/** Label that we have the operator give its pods; its value tells the coordinator from the shards. */
export const NODE_LABEL = 'timescaledb-as-code/database-node';

export function shardedNames({ name }: DeployConfig) {
  return {
    cluster: name,
    /** The service that leads to the primary of the coordinator. Without the operator's PgBouncer, so does its port 5432. */
    coordinator: name,
    superuserSecret: `${name}-superuser`,
    store: `${name}-backups`,
    coordinatorPods: { [NODE_LABEL]: 'coordinator' },
    shardPods: { [NODE_LABEL]: 'shard' },
  };
}

/** The two kinds of nodes, and what the objects that describe them are called. */
export type NodeKind = 'coordinator' | 'shard';

export const profileName = ({ name }: DeployConfig, kind: NodeKind): string => `${name}-size-${kind}`;
export const parametersName = ({ name }: DeployConfig, kind: NodeKind): string =>
  `${name}-parameters-${kind}`;

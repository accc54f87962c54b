// How to reach the database, which is either the StatefulSet of this stack or a replicating cluster.
import type { SecretKey } from './password';
import type { RolloutCheck } from './rollout';

export interface DatabaseAccess {
  /** Host name inside the cluster: a service of this namespace, which leads to the server that accepts writes. */
  readonly host: string;
  readonly superuser: SecretKey;
  /** Passes when the database is running; absent when another stack has waited for it. */
  readonly rollout?: RolloutCheck;
  /** Differs for each database: a new volume needs the schema, even when the declared schema has not changed. */
  readonly identity?: string;
}

// How to reach the database, which is either the StatefulSet of this stack or a replicating cluster.
import type { ITerraformDependable } from 'cdktf';
import type { SecretKey } from './password';

export interface DatabaseAccess {
  /** Host name inside the cluster: a service of this namespace, which leads to the server that accepts writes. */
  readonly host: string;
  readonly superuser: SecretKey;
  /** What must be running before anything connects. */
  readonly ready: readonly ITerraformDependable[];
  /** Differs for each database: a new volume needs the schema, even when the declared schema has not changed. */
  readonly identity?: string;
}

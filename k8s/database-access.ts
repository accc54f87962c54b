// How to reach the database, which is either the StatefulSet of this stack or a replicating cluster.
import type { ITerraformDependable } from 'cdktf';

export interface DatabaseAccess {
  /** Host name inside the cluster: a service of this namespace, which leads to the server that accepts writes. */
  readonly host: string;
  readonly superuser: {
    readonly secretName: string;
    /** Key of the Secret that holds the password. */
    readonly key: string;
    /** Name of the superuser in the database. */
    readonly user: string;
  };
  /** What must be running before anything connects. */
  readonly ready: readonly ITerraformDependable[];
  /** Differs for each database: a new volume needs the schema, even when the declared schema has not changed. */
  readonly identity?: string;
}

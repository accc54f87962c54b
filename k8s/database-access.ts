// The way to the database, whatever runs it: the StatefulSet of this stack, or a replicating cluster.
import type { ITerraformDependable } from 'cdktf';

export interface DatabaseAccess {
  /** Host name inside the cluster; a service of this namespace that leads to the one server that may be written to. */
  readonly host: string;
  readonly superuser: {
    readonly secretName: string;
    /** Key of the Secret that the password is under. */
    readonly key: string;
    /** Its name in the database. */
    readonly user: string;
  };
  /** What has to be up before anybody connects. */
  readonly ready: readonly ITerraformDependable[];
  /** Another database has another one: a new volume needs its schema, although the declaration is the same. */
  readonly identity?: string;
}

// For tests: what stands for the machine that containers run on.
import type { SystemUser } from '../../../db/local/system-user';

/** What this machine has for containers. */
export interface Host {
  /** Folder for logs and for files that are made from those of the release. */
  readonly state: string;
  /** Folder for sockets, whose paths have to be short. */
  readonly sockets: string;
  /** Folder of PostgreSQL's programs. */
  readonly pgBin: string;
  /** User that the database runs as. It is undefined when the test's own user can run it. */
  readonly user: SystemUser | undefined;
  readonly hasCaddy: boolean;
  /** Ports by the names of containers. `caddyAdmin` is the port of Caddy's own interface. */
  readonly ports: Readonly<Record<string, string>>;
  /** For all containers, in addition. */
  readonly environment: Readonly<Record<string, string>>;
}

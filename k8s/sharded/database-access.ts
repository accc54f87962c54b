// How the kubernetes stack reaches the database of the stack kubernetes-sharded.
import type { DeployConfig } from '../../infra/core/config';
import type { DatabaseAccess } from '../database-access';
import { SUPERUSER } from '../ha/superuser-secret';
import { shardedNames } from './names';

/** As with `haDatabase`, plain names are enough. */
export function shardedDatabase(config: DeployConfig): DatabaseAccess {
  const { coordinator, superuserSecret } = shardedNames(config);
  return { host: coordinator, superuser: { secretName: superuserSecret, key: SUPERUSER.password } };
}

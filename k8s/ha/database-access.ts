// How the kubernetes stack reaches the database of the stack kubernetes-ha.
import type { DeployConfig } from '../../infra/core/config';
import type { DatabaseAccess } from '../database-access';
import { haNames } from './names';
import { SUPERUSER } from './superuser-secret';

/** Plain names are enough: the other stack is deployed first, and its check waits until the cluster is ready. */
export function haDatabase(config: DeployConfig): DatabaseAccess {
  const { primary, superuserSecret } = haNames(config);
  return { host: primary, superuser: { secretName: superuserSecret, key: SUPERUSER.password } };
}

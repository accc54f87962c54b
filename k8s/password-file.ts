// How a pod gets a login's password: as a volume with a single file, which the pod's group can read.
import type { Login } from '../infra/core/logins';
import type { SecretKey } from './password';

const FOLDER = '/run/secrets/tsdb';
const FILE = 'password';

/** Where a container finds the password of its login. */
export const PASSWORD_FILE = `${FOLDER}/${FILE}`;

/** The volume for the pod. A pod with several logins has one for each. */
export function passwordVolume(login: Login, { secretName, key }: SecretKey) {
  return {
    name: volumeName(login),
    secret: { secretName, defaultMode: '0440', items: [{ key, path: FILE }] },
  };
}

/** The mount for a container of that pod. */
export function passwordMount(login: Login) {
  return { name: volumeName(login), mountPath: FOLDER, readOnly: true };
}

function volumeName(login: Login): string {
  return `password-${login}`;
}

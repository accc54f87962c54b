// How a pod gets one login's password: a volume with a single file, for the group that the pod runs as.
import type { Login } from '../infra/core/logins';
import type { SecretKey } from './password';

const FOLDER = '/run/secrets/tsdb';
const FILE = 'password';

/** Where a container finds the password of its login. */
export const PASSWORD_FILE = `${FOLDER}/${FILE}`;

/** For the pod. One that holds several logins has a volume for each. */
export function passwordVolume(login: Login, { secretName, key }: SecretKey) {
  return {
    name: volumeName(login),
    secret: { secretName, defaultMode: '0440', items: [{ key, path: FILE }] },
  };
}

/** For a container of that pod. */
export function passwordMount(login: Login) {
  return { name: volumeName(login), mountPath: FOLDER, readOnly: true };
}

function volumeName(login: Login): string {
  return `password-${login}`;
}

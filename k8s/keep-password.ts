// The second container of the database pod: keeps the superuser's password in the server as it is in its Secret.
import type { DeployConfig } from '../infra/core/config';
import { DATABASE } from '../infra/core/names';
import { PASSWORD_FILE, passwordMount } from './password-file';
import { CONTAINER_SECURITY, environment, resources } from './pod-parts';

/** What the container asks for, in addition to the server. */
export const KEEPER = { milliCpus: 10, memoryMiB: 64 } as const;

/**
 * The server reads the file with the superuser's password only at its first start. Its socket asks nobody in the pod for a
 * password, so that this container needs no previous one: it sets what is in the Secret, whoever changed it, and however
 * often. Until then the previous password still works, and from then on the new one.
 * @param folders of the pod that the server and its socket use outside of the data
 */
export function passwordKeeper(
  { image }: DeployConfig,
  folders: readonly { readonly name: string; readonly mountPath: string }[],
) {
  const probe = { exec: { command: ['sh', '-c', IS_AT_WORK] }, timeoutSeconds: 5 };
  return {
    name: 'password',
    image: image.image,
    command: ['sh', '-c', KEEP_PASSWORD],
    env: environment({
      PGCONNECT_TIMEOUT: '5',
      PGDATABASE: 'postgres',
      PGPASSWORD_FILE: PASSWORD_FILE,
      PGPORT: String(DATABASE.port),
      PGUSER: DATABASE.superuser,
    }),
    resources: resources(`${KEEPER.milliCpus}m`, KEEPER.memoryMiB, 0),
    securityContext: CONTAINER_SECURITY,
    startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...probe, periodSeconds: 60, failureThreshold: 5 },
    // The database serves without this container. It would have to hang for half an hour before the pod gets no requests.
    readinessProbe: { ...probe, periodSeconds: 60, failureThreshold: 30 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMount: [passwordMount('superuser'), ...folders],
  };
}

const SIGN_OF_LIFE = '/tmp/password-kept';

const IS_AT_WORK = `[ -n "$(find ${SIGN_OF_LIFE} -mmin -3)" ]`;

/**
 * Every quarter of a minute it logs in over TCP, where the server asks for the password. When that fails, it sets the
 * password over the socket. The statement is read from standard input and not logged, so that neither the list of processes
 * nor a log shows the password. The shell is the first process of its container, and ends at once when it is told to.
 */
export const KEEP_PASSWORD = `trap 'exit 0' TERM INT
ask() { psql --no-psqlrc --quiet --no-password --set=ON_ERROR_STOP=1 "$@"; }
opens() ( export PGPASSWORD="$1"; ask --host=127.0.0.1 --command=SELECT </dev/null >/dev/null 2>&1 )
quote='$tsdb$'
set_password() {
  printf '%s;\\n' \\
    "SET log_statement = 'none'" "SET log_min_error_statement = 'panic'" 'SET log_min_duration_statement = -1' \\
    "SET password_encryption = 'scram-sha-256'" "ALTER ROLE $PGUSER PASSWORD $quote$1$quote" | ask
}
while :; do
  password=$(cat "$PGPASSWORD_FILE")
  if [ -n "$password" ] && pg_isready --quiet --host=127.0.0.1 && ! opens "$password"; then
    if set_password "$password" && opens "$password"; then
      echo "the superuser has the password of its Secret now"
    else
      echo "the server does not accept the superuser's password, and it could not be set over the socket" >&2
    fi
  fi
  touch ${SIGN_OF_LIFE}
  sleep 15 &
  wait "$!"
done
`;

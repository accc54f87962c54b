// The Job that applies the declared logins and schema before the API of the same release starts.
import { JobV1 } from '@cdktf/provider-kubernetes/lib/job-v1';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import { LOGINS, type LoginName } from '../infra/core/logins';
import { type AppProps, appContainer, appPod } from './app-pod';
import { databaseSource } from './database-source';
import { clientLabels, metadata } from './metadata';
import { podFailurePolicy } from './pod-failure-policy';
import { addServiceAccount } from './pod-parts';
import { prepareDatabase } from './prepare-database';
import { RolloutCheck } from './rollout';

/** In minutes. The Job gives up before the check stops waiting for it. */
const JOB_LIMIT = 30;
const MARGIN = 5;

/** The check writes it, so that the next deployment lets a failed Job run again: see `scripts/rollout/repair.ts`. */
const REPORTED = 'metadata[0].annotations["timescaledb-as-code/failure-reported"]';

const LOGIN_FOLDER = '/run/secrets/logins';

/** The Job, and the check that passes when it has completed. */
export interface SchemaJob {
  /** Reference to its name. */
  readonly name: string;
  readonly rollout: RolloutCheck;
}

/**
 * The only pod that logs in as superuser, and only to make extensions and logins.
 * @param schemaHash hash of the sources that declare the schema; see `hashSources`
 */
export function addSchemaJob(stack: Construct, app: AppProps, schemaHash: string): SchemaJob {
  const scope = new Construct(stack, 'schema');
  const serviceAccount = addServiceAccount(scope, app, 'schema');
  const labels = clientLabels(app.config, 'schema');
  const job = new JobV1(scope, 'job', {
    metadata: { ...metadata(app, 'schema', jobName(app, schemaHash)), labels },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: JOB_LIMIT * 60,
      podFailurePolicy: podFailurePolicy(...STEPS),
      template: { metadata: { labels }, spec: schemaPod(app, serviceAccount) },
    },
    waitForCompletion: false,
    lifecycle: { ignoreChanges: [REPORTED] },
    ...(app.database.rollout === undefined ? {} : { dependsOn: [app.database.rollout] }),
  });
  // A failed Job fails the deployment, and the API keeps running in its old version.
  const rollout = new RolloutCheck(job, 'rollout', {
    kind: 'Job',
    name: job.metadata.name,
    namespace: app.namespace,
    declared: job.specInput,
    minutes: JOB_LIMIT + MARGIN,
  });
  return { name: job.metadata.name, rollout };
}

/** The steps that run `tsdb`, in this order. */
const STEPS = ['logins', 'plan', 'apply', 'api-login'] as const;

// The same order as on the machine. The schema's owner is made first, so that everything else belongs to it and not to a
// superuser. The login of the API comes last, because the running API cannot open connections with its old password then.
function schemaPod(app: AppProps, serviceAccount: string) {
  const { allow } = app.config;
  const [logins, plan, apply, apiLogin] = STEPS;
  const consent = allow === '' ? [] : ['--allow', allow];
  return {
    ...appPod(app, {
      serviceAccount,
      logins: ['superuser', 'owner'],
      volume: [
        passwordFolder(app, logins, ['owner', 'monitoring', 'backup']),
        passwordFolder(app, apiLogin, ['app']),
      ],
    }),
    restartPolicy: 'Never',
    initContainer: [
      prepareDatabase(app),
      loginsContainer(app, logins),
      // Only for the log: shows what the next step will do, and its hazards.
      appContainer(app, { name: plan, login: 'owner', args: ['plan'] }),
      appContainer(app, { name: apply, login: 'owner', args: ['apply', '--yes', ...consent] }),
    ],
    container: [loginsContainer(app, apiLogin)],
  };
}

function loginsContainer(app: AppProps, name: string) {
  return appContainer(app, {
    name,
    login: 'superuser',
    args: ['logins', '--passwords', LOGIN_FOLDER],
    volumeMount: [{ name, mountPath: LOGIN_FOLDER, readOnly: true }],
  });
}

// One file for each login, named after the login.
function passwordFolder({ secrets }: AppProps, name: string, logins: readonly LoginName[]) {
  const sources = logins.map((login) => {
    const { secretName, key } = secrets[login];
    return { secret: [{ name: secretName, items: [{ key, path: login }] }] };
  });
  return { name, projected: [{ defaultMode: '0440', sources }] };
}

// A Job cannot be edited, so its name contains a hash of everything that it depends on. Terraform computes the hash,
// because only Terraform knows the final image and the identities of volume and Secrets.
function jobName({ config, image, database, secrets }: AppProps, schemaHash: string): string {
  const identity = [
    image,
    databaseSource(config).server,
    schemaHash,
    config.schemas,
    config.allow,
    String(config.passwordVersion),
    database.host,
    database.identity ?? '',
    // A lost Secret is made again with a password that the database does not know.
    ...LOGINS.map((login) => secrets[login].identity),
  ];
  return `${config.name}-schema-${Fn.substr(Fn.sha256(Fn.join(' ', identity)), 0, 10)}`;
}

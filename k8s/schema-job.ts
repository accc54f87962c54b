// The Job that applies the declared logins and schema before the API of the same release starts.
import { JobV1 } from '@cdktf/provider-kubernetes/lib/job-v1';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import { LOGINS, type LoginName } from '../infra/core/logins';
import { type AppPodProps, type AppProps, appContainer, appPod } from './app-pod';
import { clientLabels } from './labels';
import { podFailurePolicy } from './pod-failure-policy';
import { prepareDatabase } from './prepare-database';
import { addServiceAccount } from './service-account';

export interface SchemaJobProps extends AppProps {
  /** Hash of the sources that declare the schema; see `hashSources`. */
  readonly schemaHash: string;
}

/** In seconds. The Job gives up before Terraform stops waiting for it. */
const JOB_DEADLINE = 1_800;
const TERRAFORM_TIMEOUT = `${JOB_DEADLINE + 300}s`;

const LOGIN_FOLDER = '/run/secrets/logins';

/** The only pod that logs in as superuser, and only to make extensions and logins. */
export class SchemaJob extends Construct {
  readonly job: JobV1;
  /** Name of the Job. It changes with everything that the Job depends on. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: SchemaJobProps) {
    super(scope, id);
    const { config, namespace, database } = props;
    const serviceAccount = addServiceAccount(this, { config, namespace, component: 'schema' });
    const labels = clientLabels(config, 'schema');
    this.job = new JobV1(this, 'job', {
      metadata: { name: jobName(props), namespace, labels },
      spec: {
        backoffLimit: 3,
        activeDeadlineSeconds: JOB_DEADLINE,
        podFailurePolicy: podFailurePolicy(...STEPS),
        template: { metadata: { labels }, spec: schemaPod({ ...props, serviceAccount }) },
      },
      // A failed Job fails the deployment, and the API keeps running in its old version.
      waitForCompletion: true,
      timeouts: { create: TERRAFORM_TIMEOUT, update: TERRAFORM_TIMEOUT },
      dependsOn: [...database.ready],
    });
    this.name = this.job.metadata.name;
  }
}

/** The steps that run `tsdb`, in this order. */
const STEPS = ['logins', 'plan', 'apply', 'api-login'] as const;

// The same order as on the machine. The schema's owner is made first, so that everything else belongs to it and not to a
// superuser. The login of the API comes last, because the running API cannot open connections with its old password then.
function schemaPod(props: AppPodProps) {
  const { config } = props;
  const [logins, plan, apply, apiLogin] = STEPS;
  const allow = config.allow === '' ? [] : ['--allow', config.allow];
  return {
    ...appPod(
      props,
      ['superuser', 'owner'],
      [
        passwordFolder(props, logins, ['owner', 'monitoring', 'backup']),
        passwordFolder(props, apiLogin, ['app']),
      ],
    ),
    restartPolicy: 'Never',
    initContainer: [
      prepareDatabase(props),
      loginsContainer(props, logins),
      // Only for the log: shows what the next step will do, and its hazards.
      appContainer(props, 'owner', plan, ['plan']),
      appContainer(props, 'owner', apply, ['apply', '--yes', ...allow]),
    ],
    container: [loginsContainer(props, apiLogin)],
  };
}

function loginsContainer(props: AppProps, name: string) {
  return appContainer(props, 'superuser', name, ['logins', '--passwords', LOGIN_FOLDER], {
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
function jobName({ config, image, schemaHash, database, secrets }: SchemaJobProps): string {
  const identity = [
    image,
    config.kubernetes.ha ? config.kubernetes.haImage : config.image.image,
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

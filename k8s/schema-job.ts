// The Job that brings the database to the declared schema before the API of the same release starts.

import { JobV1 } from '@cdktf/provider-kubernetes/lib/job-v1';
import { Fn, type ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { DATABASE, kubernetesLabels } from '../infra/core/names';
import { type AppProps, appContainer, appPod } from './app-pod';
import { CONTAINER_SECURITY } from './pod-security';

export interface SchemaJobProps extends AppProps {
  /** Identity of the declared schema; a new one runs a new Job. */
  readonly schemaHash: string;
  readonly after: readonly ITerraformDependable[];
}

/** Time limits in seconds: the Job gives up by itself before Terraform stops waiting for it. */
const JOB_DEADLINE = 1_800;
const TERRAFORM_TIMEOUT = `${JOB_DEADLINE + 300}s`;

/** `tsdb apply` ends with these when another try cannot help: wrong settings, or a change that needs consent. */
const FINAL_EXIT_CODES = [2, 3];

export class SchemaJob extends Construct {
  readonly job: JobV1;

  constructor(scope: Construct, id: string, props: SchemaJobProps) {
    super(scope, id);
    const labels = kubernetesLabels(props.config, 'schema');
    const apply = appContainer(props, 'apply', ['apply', '--yes']);
    this.job = new JobV1(this, 'job', {
      metadata: { name: jobName(props), namespace: props.namespace, labels },
      spec: {
        backoffLimit: 3,
        activeDeadlineSeconds: JOB_DEADLINE,
        podFailurePolicy: {
          rule: [
            {
              action: 'FailJob',
              onExitCodes: { containerName: apply.name, operator: 'In', values: FINAL_EXIT_CODES },
            },
            // A drained node is not a failed attempt.
            { action: 'Ignore', onPodCondition: [{ type: 'DisruptionTarget', status: 'True' }] },
          ],
        },
        template: {
          metadata: { labels },
          spec: {
            ...appPod(props),
            restartPolicy: 'Never',
            initContainer: [waitForDatabase(props)],
            container: [apply],
          },
        },
      },
      // A failed Job fails the deployment, and the API below it keeps its old version.
      waitForCompletion: true,
      timeouts: { create: TERRAFORM_TIMEOUT, update: TERRAFORM_TIMEOUT },
      dependsOn: [...props.after],
    });
  }
}

// A Job cannot be edited, so its identity is in its name. Terraform hashes, because only it knows the final image.
function jobName({ config, image, schemaHash }: SchemaJobProps): string {
  return `${config.name}-schema-${Fn.substr(Fn.sha256(Fn.join(' ', [image, schemaHash])), 0, 10)}`;
}

function waitForDatabase({ config, databaseHost }: SchemaJobProps) {
  return {
    name: 'wait-for-database',
    image: config.image.image,
    command: ['sh', '-c', `until pg_isready --quiet --port=${DATABASE.port}; do sleep 2; done`],
    env: [{ name: 'PGHOST', value: databaseHost }],
    resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '64Mi' } },
    securityContext: {
      ...CONTAINER_SECURITY,
      runAsUser: String(config.image.uid),
      runAsGroup: String(config.image.gid),
    },
  };
}

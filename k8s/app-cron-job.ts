// Runs a `tsdb` command on a schedule in UTC, one run at a time. A run that ends with anything but 0 is a failed Job.
import { CronJobV1 } from '@cdktf/provider-kubernetes/lib/cron-job-v1';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import { type AppContainerProps, type AppProps, appContainer, appPod } from './app-pod';
import { clientLabels, metadata } from './metadata';
import { podFailurePolicy } from './pod-failure-policy';
import { addServiceAccount } from './pod-parts';

export interface AppCronJobProps extends AppContainerProps {
  /** Five fields of cron; empty when runs start only with `kubectl create job --from=cronjob/…`. */
  readonly schedule: string;
  /** A run that cannot start on time may start up to this many seconds late; after that it is skipped. */
  readonly startWithinSeconds: number;
  /** A run, including all its retries, is stopped after this many seconds. */
  readonly deadlineSeconds: number;
  readonly volume?: readonly object[];
  /** How many runs that ended well are kept for inspection. */
  readonly keepSuccessful: number;
  /** What must exist before the first run. */
  readonly after: ITerraformDependable;
}

/** For a suspended CronJob, which needs a schedule as well. */
const NEVER = '0 0 1 1 *';

/** The name of the container is also the end of the CronJob's name, and the label of its pods. */
export function addAppCronJob(scope: Construct, app: AppProps, props: AppCronJobProps): void {
  const { name: component, login, schedule, volume = [] } = props;
  const serviceAccount = addServiceAccount(scope, app, component);
  const labels = clientLabels(app.config, component);
  new CronJobV1(scope, 'job', {
    metadata: { ...metadata(app, component), labels },
    spec: {
      schedule: schedule === '' ? NEVER : schedule,
      timezone: 'Etc/UTC',
      suspend: schedule === '',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: props.startWithinSeconds,
      successfulJobsHistoryLimit: props.keepSuccessful,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: props.deadlineSeconds,
          podFailurePolicy: podFailurePolicy(component),
          template: {
            metadata: { labels },
            // With "Never", each failed attempt remains as a pod whose log can be read.
            spec: {
              ...appPod(app, { serviceAccount, logins: [login], volume }),
              restartPolicy: 'Never',
              container: [appContainer(app, props)],
            },
          },
        },
      },
    },
    dependsOn: [props.after],
  });
}

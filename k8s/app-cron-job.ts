// Runs a `tsdb` command on a schedule in UTC, one run at a time. A run that ends with anything but 0 is a failed Job.
import { CronJobV1 } from '@cdktf/provider-kubernetes/lib/cron-job-v1';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { Login } from '../infra/core/logins';
import { type AppProps, appContainer, appPod, type ContainerExtras } from './app-pod';
import { clientLabels } from './labels';
import { podFailurePolicy } from './pod-failure-policy';
import { addServiceAccount } from './service-account';

export interface AppCronJobProps extends AppProps {
  /** backup | health: the label of the pods, the name of their container, and the end of the CronJob's name. */
  readonly component: string;
  readonly login: Login;
  /** Arguments of `tsdb`. */
  readonly args: readonly string[];
  /** Five fields of cron. */
  readonly schedule: string;
  /** The schedule starts nothing; runs can still be started by hand. */
  readonly suspend: boolean;
  /** A run that cannot start on time may start up to this many seconds late; after that it is skipped. */
  readonly startWithinSeconds: number;
  /** A run, including all its retries, is stopped after this many seconds. */
  readonly deadlineSeconds: number;
  readonly extras: ContainerExtras;
  readonly volume: readonly object[];
  /** How many finished runs are kept for inspection. */
  readonly history: { readonly successful: number; readonly failed: number };
  /** What must exist before the first run. */
  readonly after: readonly ITerraformDependable[];
}

export function addAppCronJob(scope: Construct, id: string, props: AppCronJobProps): CronJobV1 {
  const { config, namespace, component, history } = props;
  const serviceAccount = addServiceAccount(scope, { config, namespace, component });
  const labels = clientLabels(config, component);
  const container = appContainer(props, props.login, component, props.args, props.extras);
  return new CronJobV1(scope, id, {
    metadata: { name: `${config.name}-${component}`, namespace, labels },
    spec: {
      schedule: props.schedule,
      timezone: 'Etc/UTC',
      suspend: props.suspend,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: props.startWithinSeconds,
      successfulJobsHistoryLimit: history.successful,
      failedJobsHistoryLimit: history.failed,
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: props.deadlineSeconds,
          podFailurePolicy: podFailurePolicy(container.name),
          template: {
            metadata: { labels },
            // With "Never", each failed attempt remains as a pod whose log can be read.
            spec: {
              ...appPod({ ...props, serviceAccount }, props.login, props.volume),
              restartPolicy: 'Never',
              container: [container],
            },
          },
        },
      },
    },
    dependsOn: [...props.after],
  });
}

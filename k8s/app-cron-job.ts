// A `tsdb` command by the clock: one at a time, in UTC, and a failed Job where it ends with anything but 0.
import { CronJobV1 } from '@cdktf/provider-kubernetes/lib/cron-job-v1';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { Login } from '../infra/core/logins';
import { type AppProps, appContainer, appPod, type ContainerExtras } from './app-pod';
import { clientLabels } from './labels';
import { podFailurePolicy } from './pod-failure-policy';
import { addServiceAccount } from './service-account';

export interface AppCronJobProps extends AppProps {
  /** backup | health: label of the pods, name of their container, and end of the CronJob's own name. */
  readonly component: string;
  readonly login: Login;
  /** Of `tsdb`. */
  readonly args: readonly string[];
  /** Five fields of cron. */
  readonly schedule: string;
  /** Nothing starts by the clock; by hand it does. */
  readonly suspend: boolean;
  /** A run that could not start in time starts up to this many seconds later, or never. */
  readonly startWithinSeconds: number;
  /** A run, with all tries, is ended after this many seconds. */
  readonly deadlineSeconds: number;
  readonly extras: ContainerExtras;
  readonly volume: readonly object[];
  /** Runs that are kept to be looked at. */
  readonly history: { readonly successful: number; readonly failed: number };
  /** What has to be there before the first run. */
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
            // What failed stays as a pod of its own, whose log can be read.
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

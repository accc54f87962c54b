// Checks every quarter of an hour whether schema and jobs of the database are as declared.
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';

/**
 * Runs `tsdb status` with the monitoring login. It exits with 2 when the schema differs or a policy fails or is late, and
 * then its Job fails. Alerts can watch failed Jobs, such as `kube_job_status_failed` of kube-state-metrics, and the log
 * says why.
 * @param after the schema Job, before which nothing is as declared
 */
export function addHealthCheck(stack: Construct, app: AppProps, after: ITerraformDependable): void {
  addAppCronJob(new Construct(stack, 'health'), app, {
    name: 'health',
    login: 'monitoring',
    args: ['status'],
    schedule: '7-59/15 * * * *',
    startWithinSeconds: 300,
    deadlineSeconds: 300,
    keepSuccessful: 1,
    after,
  });
}

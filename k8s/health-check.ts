// Checks every quarter of an hour whether schema and jobs of the database are as declared.
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';

export interface HealthCheckProps extends AppProps {
  /** The schema Job, before which nothing is as declared. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * Runs `tsdb status` with the monitoring login. It exits with 2 when the schema differs or a policy fails or is late, and
 * then its Job fails. Alerts can watch failed Jobs, such as `kube_job_status_failed` of kube-state-metrics, and the log
 * says why.
 */
export class HealthCheck extends Construct {
  constructor(scope: Construct, id: string, props: HealthCheckProps) {
    super(scope, id);
    addAppCronJob(this, 'job', {
      ...props,
      component: 'health',
      login: 'monitoring',
      args: ['status'],
      schedule: '7-59/15 * * * *',
      suspend: false,
      startWithinSeconds: 300,
      deadlineSeconds: 300,
      extras: {},
      volume: [],
      history: { successful: 1, failed: 3 },
    });
  }
}

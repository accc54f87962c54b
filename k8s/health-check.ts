// Looks every quarter of an hour whether schema and jobs of the database are as declared.
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { addAppCronJob } from './app-cron-job';
import type { AppProps } from './app-pod';

export interface HealthCheckProps extends AppProps {
  /** The schema Job: before it, nothing is as declared. */
  readonly after: readonly ITerraformDependable[];
}

/**
 * `tsdb status` as the monitoring login. It ends with 2 when a policy fails or is late or the schema differs, which fails
 * its Job: alerts go by failed Jobs, such as `kube_job_status_failed` of kube-state-metrics, and its log says why.
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

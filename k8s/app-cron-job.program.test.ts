import { type Attributes, blocks, only } from '../infra/core/testing/policy';
import { checkedBefore } from './testing/checks';
import { type Env, synthesiseKubernetes } from './testing/deployments';

interface Found {
  readonly spec: Attributes;
  readonly run: Attributes;
  readonly pod: Attributes;
  readonly container: Attributes;
  readonly after: unknown;
}

function cronJob(component: string, env: Env = {}): Found {
  const all = Object.values(synthesiseKubernetes(env).resource.kubernetes_cron_job_v1 ?? {}) as Attributes[];
  const job = all.find(({ metadata }) => (metadata as { name: string }).name === `tsdb-${component}`) ?? {};
  const spec = only(job, 'spec');
  const run = only(only(spec, 'job_template'), 'spec');
  const pod = only(only(run, 'template'), 'spec');
  return { spec, run, pod, container: only(pod, 'container'), after: job.depends_on };
}

const variable = ({ env }: Attributes, name: string) =>
  blocks({ env }, 'env').find((one) => one.name === name)?.value;

describe.each([
  ['backup', 'tsdb_backup'],
  ['health', 'tsdb_monitoring'],
])('the CronJob %s', (component, login) => {
  const { spec, run, pod, container, after } = cronJob(component);

  it('runs one at a time, in UTC, and has an end', () => {
    expect(spec).toMatchObject({ timezone: 'Etc/UTC', concurrency_policy: 'Forbid', suspend: false });
    expect(spec.starting_deadline_seconds).toBeGreaterThan(0);
    expect(run.active_deadline_seconds).toBeGreaterThan(0);
  });

  it('does not try again what needs a person, and does after a drained node', () => {
    expect(run.pod_failure_policy).toEqual({
      rule: [
        { action: 'FailJob', on_exit_codes: { container_name: component, operator: 'In', values: [2, 3] } },
        { action: 'Ignore', on_pod_condition: [{ type: 'DisruptionTarget', status: 'True' }] },
      ],
    });
    // Which needs this.
    expect(pod.restart_policy).toBe('Never');
  });

  it(`logs in as ${login}, holds no other password, and may talk to the database`, () => {
    expect(variable(container, 'PGUSER')).toBe(login);
    expect(blocks(pod, 'volume').filter(({ secret }) => secret !== undefined)).toHaveLength(1);
    expect(only(only(run, 'template'), 'metadata').labels).toMatchObject({
      'timescaledb-as-code/database-client': 'true',
    });
  });

  it('starts after the schema Job', () => {
    expect(checkedBefore(synthesiseKubernetes(), after as readonly string[])).toContain('kubernetes_job_v1');
  });
});

describe('the backup', () => {
  it('dumps onto its volume and removes what is too old', () => {
    const { spec, pod, container } = cronJob('backup', {
      TSDB_DEPLOY_BACKUP_KEEP: '14',
      TSDB_DEPLOY_BACKUP_SCHEDULE: '5 4 * * 0',
    });
    expect(spec.schedule).toBe('5 4 * * 0');
    expect(container.command).toEqual(['tsdb', 'backup', '--out', '/backups/dumps', '--keep-days', '14']);
    expect(container.volume_mount).toContainEqual({ name: 'backups', mount_path: '/backups' });
    expect(pod.volume).toContainEqual({
      name: 'backups',
      persistent_volume_claim: { claim_name: expect.stringContaining('backup_volume') },
    });
  });

  it('keeps its volume when nothing runs by the clock', () => {
    const off = { TSDB_DEPLOY_BACKUP_SCHEDULE: 'off' };
    expect(cronJob('backup', off).spec.suspend).toBe(true);
    expect(claim(off)).toEqual(claim());
  });

  it('has a volume that is protected as that of the database is', () => {
    expect(claim({ TSDB_DEPLOY_BACKUP_GIB: '9' })).toMatchObject({
      wait_until_bound: false,
      lifecycle: { prevent_destroy: true },
      spec: { resources: { requests: { storage: '9Gi' } } },
    });
    expect(claim({ TSDB_DEPLOY_PROTECT_DATA: 'false' })).toMatchObject({
      lifecycle: { prevent_destroy: false },
    });
  });
});

describe('the check', () => {
  it('asks for the status every quarter of an hour', () => {
    const { spec, container } = cronJob('health');
    expect(spec.schedule).toBe('7-59/15 * * * *');
    expect(container.command).toEqual(['tsdb', 'status']);
  });
});

function claim(env: Env = {}): Attributes | undefined {
  const claims = Object.values(
    synthesiseKubernetes(env).resource.kubernetes_persistent_volume_claim_v1 ?? {},
  ) as Attributes[];
  return claims.find(({ metadata }) => (metadata as { name: string }).name === 'tsdb-backups');
}

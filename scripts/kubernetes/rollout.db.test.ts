// Rollouts that fail, in a Kubernetes API server with its real controllers, deployed with the real Terraform and provider.
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder } from '../../db/local/testing/places';
import { whyNoProviders } from '../../infra/core/testing/terraform';
import type { ApiServer } from './testing/api-server';
import { CLUSTER_PROGRAMS, startCluster } from './testing/cluster';
import { earlierStack } from './testing/earlier-stack';
import { CRASHING, FAILING_JOB, LAST_WORDS, MISSING, PULL_MESSAGE } from './testing/pod-stages';
import { findPrograms } from './testing/programs';
import { type StackFolder, stackFolder, terraforms } from './testing/stack-folder';

const { programs, told } = findPrograms(CLUSTER_PROGRAMS);
const missing = programs === undefined ? told : whyNoProviders();

const GOOD = 'registry.example/tsdb:1';
const NEWER = 'registry.example/tsdb:2';

describe.each(terraforms())('with %s', (program) => {
  describeUnless(missing, 'a rollout of the kubernetes stack', () => {
    let cluster: ApiServer;
    let folder: StackFolder;

    beforeAll(async () => {
      if (programs === undefined) throw new Error(told);
      cluster = await startCluster(programs);
      folder = stackFolder(program, {
        TSDB_DEPLOY_KUBE_CONFIG: cluster.kubeConfig,
        TSDB_DEPLOY_PROTECT_DATA: 'false',
      });
      folder.synthesise();
      expect(folder.terraform(['init', '-input=false'])).toMatchObject({ status: 0 });
    });
    afterAll(async () => {
      await cluster?.stop();
      removeFolder(folder.place);
    });

    const apply = (image: string, more: Readonly<Record<string, string>> = {}) =>
      folder.terraform(['apply', '-auto-approve'], { TF_VAR_app_image: image, ...more });
    const destroy = () => folder.terraform(['destroy', '-auto-approve'], { TF_VAR_app_image: GOOD });
    const value = (what: string, path: string): string =>
      cluster.kubectl(['get', what, '--namespace=tsdb', `--output=jsonpath={${path}}`]).stdout;
    const names = (what: string): readonly string[] =>
      cluster.kubectl(['get', what, '--namespace=tsdb', '--output=name']).stdout.split('\n').filter(Boolean);

    it('that takes too long is red, and green when it is deployed again', () => {
      expect(cluster.kubectl(['cordon', 'node-a'])).toMatchObject({ status: 0 });
      const first = apply(GOOD, { TSDB_ROLLOUT_LIMIT: '2' });
      expect(first).toMatchObject({ status: 1 });
      expect(first.text).toMatch(/StatefulSet tsdb is not up after \ds/);
      expect(first.text).toMatch(
        /pod tsdb-0 has no node \(Unschedulable\): .*1 node\(s\) were unschedulable/,
      );
      expect(names('deployments,jobs')).toEqual([]);
      const before = value('statefulset/tsdb', '.metadata.uid');

      expect(cluster.kubectl(['uncordon', 'node-a'])).toMatchObject({ status: 0 });
      expect(apply(GOOD)).toMatchObject({ status: 0 });
      expect(value('statefulset/tsdb', '.metadata.uid')).toBe(before);
      expect(value('deployment/tsdb-api', '.status.availableReplicas')).toBe('2');
      expect(apply(GOOD).text).toContain('No changes.');
    });

    it('of the API is red as often as it is deployed, and says what the pod says', () => {
      for (const _time of ['once', 'again']) {
        const { status, text } = apply(CRASHING);
        expect(status).toBe(1);
        expect(text).toMatch(/Deployment tsdb-api failed: pod tsdb-api-\S+, container api: CrashLoopBackOff/);
        expect(text).toContain('it ended with exit code 1');
        for (const line of LAST_WORDS.split('\n')) expect(text).toContain(`| ${line}`);
      }
      // The pods of the earlier version still serve.
      expect(value('deployment/tsdb-api', '.status.availableReplicas')).toBe('2');
      expect(apply(NEWER)).toMatchObject({ status: 0 });
      expect(apply(NEWER).text).toContain('No changes.');
    });

    it('that broke since is seen by every stage, also by a deployment with nothing to change', () => {
      const settings = { TF_VAR_app_image: NEWER, TSDB_ROLLOUT_LIMIT: '2' };
      expect(folder.stage('rollout', settings)).toMatchObject({ status: 0 });
      expect(folder.stage('drift', settings)).toMatchObject({ status: 0 });
      cluster.kubectl(['cordon', 'node-a']);
      cluster.kubectl(['delete', 'pods', '--namespace=tsdb', '--selector=app.kubernetes.io/component=api']);

      const reason =
        /Deployment tsdb-api is not up after \ds .*pod tsdb-api-\S+ has no node \(Unschedulable\)/;
      const deployed = folder.stage('deploy', settings);
      expect(deployed.text).toContain('0 added, 0 changed, 0 destroyed');
      expect(deployed.text).toMatch(reason);
      expect(deployed.status).toBe(1);
      const drifted = folder.stage('drift', settings);
      expect(drifted.text).toMatch(/drift:\S* infrastructure: Deployment tsdb-api is not up/);
      expect(drifted.status).toBe(2);
      const smoked = folder.stage('smoke', settings);
      expect(smoked.text).toMatch(reason);
      expect(smoked.status).toBe(1);
      expect(folder.stage('rollout', settings)).toMatchObject({ status: 1 });

      cluster.kubectl(['uncordon', 'node-a']);
      expect(folder.stage('deploy', { TF_VAR_app_image: NEWER })).toMatchObject({ status: 0 });
    });

    it('is red when its schema Job fails, runs it again, and leaves the API alone', () => {
      const first = apply(FAILING_JOB);
      expect(first).toMatchObject({ status: 1 });
      expect(first.text).toMatch(
        /Job tsdb-schema-\S+ failed: .*step api-login failed, it ended with exit code 2/,
      );
      expect(first.text).toContain(`| ${LAST_WORDS.split('\n')[0]}`);
      const [job = ''] = names('jobs');
      const uid = value(job, '.metadata.uid');

      const second = apply(FAILING_JOB);
      expect(second).toMatchObject({ status: 1 });
      expect(second.text).toContain('failed in an earlier deployment: it runs again');
      expect(second.text).toMatch(/Job tsdb-schema-\S+ failed/);
      expect(value(job, '.metadata.uid')).not.toBe(uid);
      expect(value('deployment/tsdb-api', '.spec.template.spec.containers[0].image')).toBe(NEWER);

      expect(apply(GOOD)).toMatchObject({ status: 0 });
      expect(value('deployment/tsdb-api', '.spec.template.spec.containers[0].image')).toBe(GOOD);
    });

    it('names an image that cannot be pulled, and replaces the pod that waits for it', () => {
      folder.synthesise({ TSDB_DEPLOY_DB_IMAGE: MISSING });
      const { status, text } = apply(GOOD, { TSDB_ROLLOUT_LIMIT: '4' });
      expect(status).toBe(1);
      expect(text).toContain(`pod tsdb-0, container timescaledb: ImagePullBackOff: ${PULL_MESSAGE}`);

      folder.synthesise({ TSDB_DEPLOY_DB_IMAGE: CRASHING });
      const stuck = apply(GOOD, { TSDB_ROLLOUT_LIMIT: '4' });
      expect(stuck).toMatchObject({ status: 1 });

      folder.synthesise();
      const repaired = apply(GOOD);
      expect(repaired).toMatchObject({ status: 0 });
      expect(repaired.text).toContain('pod tsdb-0 of the previous version cannot start and is removed');
      expect(value('statefulset/tsdb', '.status.availableReplicas')).toBe('1');
    });

    it('can be destroyed, also after a first one that failed', () => {
      expect(destroy()).toMatchObject({ status: 0 });
      folder.synthesise({ TSDB_DEPLOY_DB_IMAGE: CRASHING });
      const { status, text } = apply(GOOD);
      expect(status).toBe(1);
      expect(text).toMatch(/StatefulSet tsdb failed: pod tsdb-0, container timescaledb: CrashLoopBackOff/);
      expect(destroy()).toMatchObject({ status: 0 });
      expect(folder.terraform(['state', 'list']).text.trim()).toBe('');
    });

    it('takes over what an earlier version deployed, in place', () => {
      folder.synthesise();
      folder.edit(earlierStack('10m'));
      expect(apply(GOOD)).toEqual({ status: 0, text: expect.stringContaining('Apply complete!') });
      const uid = (what: string): string => value(what, '.metadata.uid');
      const [job = ''] = names('jobs');
      const before = ['statefulset/tsdb', 'deployment/tsdb-api', job].map(uid);
      folder.synthesise();
      expect(apply(GOOD)).toEqual({ status: 0, text: expect.stringContaining('Apply complete!') });
      expect(['statefulset/tsdb', 'deployment/tsdb-api', job].map(uid)).toEqual(before);
      expect(destroy()).toMatchObject({ status: 0 });
    });

    it('takes over by hand what an earlier version gave up on', () => {
      folder.edit(earlierStack('3s'));
      cluster.kubectl(['cordon', 'node-a']);
      expect(apply(GOOD)).toMatchObject({ status: 1 });
      cluster.kubectl(['uncordon', 'node-a']);
      const before = value('statefulset/tsdb', '.metadata.uid');
      folder.synthesise();
      // As docs/troubleshooting.md says.
      const addresses = folder.terraform(['state', 'list']).text.split('\n');
      const env = { TF_VAR_app_image: GOOD };
      for (const [type, id] of [
        ['kubernetes_stateful_set_v1.', 'tsdb/tsdb'],
        ['kubernetes_deployment_v1.', 'tsdb/tsdb-api'],
      ] as const) {
        const address = String(addresses.find((line) => line.startsWith(type)));
        expect(folder.terraform(['state', 'rm', address])).toMatchObject({ status: 0 });
        expect(folder.terraform(['import', address, id], env)).toMatchObject({ status: 0 });
      }
      expect(apply(GOOD)).toEqual({ status: 0, text: expect.stringContaining('Apply complete!') });
      expect(value('statefulset/tsdb', '.metadata.uid')).toBe(before);
    });
  });
});

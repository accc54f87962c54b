// For tests: a cluster of one node that is not there. Controllers and scheduler are real, containers are not.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { startThrowAway, type ThrowAwayProcess } from '../../testing/throw-away-process';
import { API_SERVER_PROGRAMS, type ApiServer, startApiServer } from './api-server';
import { NODE_STAGES } from './node-stages';
import type { Programs } from './programs';

/** What a suite of this cluster needs. */
export const CLUSTER_PROGRAMS = [
  ...API_SERVER_PROGRAMS,
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;

const NODE = 'node-a';

/** Starts a cluster whose default storage class has volumes to give, and waits until pods can be made. */
export async function startCluster(
  programs: Programs<(typeof CLUSTER_PROGRAMS)[number]>,
): Promise<ApiServer> {
  const server = await startApiServer(programs);
  const started: ThrowAwayProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((one) => one.stop()));
    await server.stop();
  };
  const start = (name: keyof typeof programs, args: readonly string[]): ThrowAwayProcess => {
    const logFile = join(server.folder, `${name}.log`);
    const one = startThrowAway(programs[name], [`--kubeconfig=${server.kubeConfig}`, ...args], {
      logFile,
    });
    started.push(one);
    return one;
  };
  try {
    const common = async (): Promise<readonly string[]> => [
      `--authentication-kubeconfig=${server.kubeConfig}`,
      `--authorization-kubeconfig=${server.kubeConfig}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${await quietPort()}`,
      '--leader-elect=false',
      `--cert-dir=${join(server.folder, 'certificates')}`,
    ];
    const controllers = start('kube-controller-manager', [
      ...(await common()),
      `--root-ca-file=${server.certificate}`,
      `--service-account-private-key-file=${server.accountKey}`,
    ]);
    start('kube-scheduler', await common());
    const stages = join(server.folder, 'stages.yaml');
    writeFileSync(stages, NODE_STAGES);
    const node = start('kwok', [
      `--config=${stages}`,
      '--manage-all-nodes=true',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${await quietPort()}`,
    ]);
    for (const object of [theNode(), theClass(), ...theVolumes()]) {
      const made = server.kubectl(['create', '--filename=-'], JSON.stringify(object));
      if (made.status !== 0) throw new Error(made.stderr);
    }
    await node.until('the node was ready', async () =>
      /True/.test(
        server.kubectl([
          'get',
          'node',
          NODE,
          '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}',
        ]).stdout,
      ),
    );
    await controllers.until(
      'there was an account for pods',
      async () => server.kubectl(['get', 'serviceaccount', 'default']).status === 0,
    );
    return { ...server, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function theNode() {
  const resources = { cpu: '32', memory: '256Gi', pods: '110' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE, labels: { 'kubernetes.io/hostname': NODE, 'kubernetes.io/os': 'linux' } },
    status: { allocatable: resources, capacity: resources },
  };
}

function theClass() {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}

function theVolumes() {
  return ['one', 'two', 'three'].map((name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '4Ti' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      hostPath: { path: '/nowhere' },
    },
  }));
}

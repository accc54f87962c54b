// For tests: a cluster with real controllers and a real scheduler, but without containers. Its only node is played by
// kwok, which reports each pod as running at once, and the pod of a Job as completed; see pod-stages.ts for those that fail.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietPort } from '../../../db/local/testing/quiet-port';
import { API_SERVER_PROGRAMS, type ApiServer, startApiServer } from './api-server';
import { podStages } from './pod-stages';
import type { Programs } from './programs';

/** What a suite of this cluster needs. */
export const CLUSTER_PROGRAMS = [
  ...API_SERVER_PROGRAMS,
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;

/** Starts a cluster whose default storage class has volumes to give, and waits until pods can be made. */
export async function startCluster(
  programs: Programs<(typeof CLUSTER_PROGRAMS)[number]>,
): Promise<ApiServer> {
  const server = await startApiServer(programs);
  const common = async (): Promise<readonly string[]> => [
    `--kubeconfig=${server.kubeConfig}`,
    `--authentication-kubeconfig=${server.kubeConfig}`,
    `--authorization-kubeconfig=${server.kubeConfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${await quietPort()}`,
    '--leader-elect=false',
    `--cert-dir=${server.certificates}`,
  ];
  try {
    const controllers = server.start(programs['kube-controller-manager'], [
      ...(await common()),
      `--root-ca-file=${server.certificate}`,
      `--service-account-private-key-file=${server.accountKey}`,
    ]);
    server.start(programs['kube-scheduler'], await common());
    const stages = join(server.certificates, 'pod-stages.yaml');
    writeFileSync(stages, podStages());
    const kwok = server.start(programs.kwok, [
      `--config=${stages}`,
      `--kubeconfig=${server.kubeConfig}`,
      '--manage-all-nodes=true',
      '--node-lease-duration-seconds=40',
      `--server-address=127.0.0.1:${await quietPort()}`,
    ]);
    const objects = [NODE, STORAGE_CLASS, ...VOLUMES].map((object) => JSON.stringify(object)).join('\n');
    const made = server.kubectl(['create', '--filename=-'], objects);
    if (made.status !== 0) throw new Error(made.stderr);
    const ready = '--output=jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';
    await kwok.until(
      'the node was ready',
      async () => server.kubectl(['get', 'nodes', ready]).stdout === 'True',
    );
    await controllers.until(
      'there was an account for pods',
      async () => server.kubectl(['get', 'serviceaccount', 'default']).status === 0,
    );
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

const RESOURCES = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '512Gi' };

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a', labels: { 'kubernetes.io/hostname': 'node-a', 'kubernetes.io/os': 'linux' } },
  status: { allocatable: RESOURCES, capacity: RESOURCES },
};

const STORAGE_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
};

// A volume whose claim is gone stays with its data and is given to nobody else, so a suite needs one for each claim.
const VOLUMES = Array.from({ length: 16 }, (_, index) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: `volume-${index}` },
  spec: {
    capacity: { storage: '4Ti' },
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'local',
    hostPath: { path: '/nowhere' },
  },
}));

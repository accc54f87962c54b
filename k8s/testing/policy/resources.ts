// Rules about what a container is made from, what it may use, and how one knows that it works.
import { type Attributes, blocks, only, type PolicyRule } from '../../../infra/core/testing/policy';
import { OUTPUT_MIB } from '../../pod-parts';
import { eachContainer, eachPod } from './pods';

const DISK = 'ephemeral-storage';

export const RESOURCE_POLICY: readonly PolicyRule[] = [
  eachContainer(['CKV_K8S_14', 'KSV-0013', 'latest-tag'], 'each image has a version', ({ image }) =>
    hasVersion(String(image)),
  ),
  eachContainer(
    ['CKV_K8S_10', 'KSV-0015'],
    'each container requests its share of processor time',
    (container) => quantity(container, 'requests', 'cpu') !== undefined,
  ),
  eachContainer(
    ['CKV_K8S_12', 'KSV-0016', 'unset-memory-requirements'],
    'each container requests its memory',
    (container) => quantity(container, 'requests', 'memory') !== undefined,
  ),
  eachContainer(
    ['CKV_K8S_13', 'KSV-0018', 'C-0271'],
    'each container has an end to its memory',
    (container) => quantity(container, 'limits', 'memory') !== undefined,
  ),
  eachContainer(
    ['container-ephemeral-storage-request-and-limit'],
    "each container requests its share of the node's disk, and has an end to it",
    (container) =>
      quantity(container, 'requests', DISK) !== undefined &&
      quantity(container, 'limits', DISK) !== undefined,
  ),
  eachPod(
    [],
    'the scratch folders of each pod fit into what it may use of the disk, with room for output',
    ({ spec }) => scratchOf(spec) + OUTPUT_MIB <= diskOf(spec),
  ),
  eachPod(
    ['CKV_K8S_8', 'C-0056'],
    'each server is started anew when it hangs',
    ({ isServer, spec }) =>
      !isServer || blocks(spec, 'container').every((one) => hasProbe(one, 'liveness_probe')),
  ),
  eachPod(
    ['CKV_K8S_9', 'C-0018'],
    'each server is asked only once it is ready',
    ({ isServer, spec }) =>
      !isServer || blocks(spec, 'container').every((one) => hasProbe(one, 'readiness_probe')),
  ),
  eachContainer(
    ['liveness-port', 'readiness-port', 'startup-port'],
    'each probe asks at a port that its container has',
    (container) =>
      ['liveness_probe', 'readiness_probe', 'startup_probe'].every((probe) => asksOwnPort(container, probe)),
  ),
];

// What a variable holds is known to Terraform only, which checks it where the variable is declared.
function hasVersion(image: string): boolean {
  if (/^\$\{var\.\w+\}$/.test(image)) return true;
  const [name = '', digest] = image.split('@');
  const tag = name.split('/').at(-1)?.split(':')[1] ?? '';
  return digest !== undefined || (tag !== '' && tag !== 'latest');
}

function quantity(container: Attributes, kind: 'requests' | 'limits', of: string): unknown {
  return only(only(container, 'resources'), kind)[of];
}

/** In MiB: what the folders may hold that are on the disk of the node, and not in memory. */
function scratchOf(spec: Attributes): number {
  return blocks(spec, 'volume')
    .flatMap((volume) => blocks(volume, 'empty_dir'))
    .filter(({ medium }) => medium !== 'Memory')
    .reduce((sum, { size_limit }) => sum + mebibytes(size_limit), 0);
}

/** In MiB: the limit of the whole pod, which is that of its containers together, or of the largest one that runs first. */
function diskOf(spec: Attributes): number {
  const limits = (block: string) =>
    blocks(spec, block).map((container) => mebibytes(quantity(container, 'limits', DISK)));
  return Math.max(
    limits('container').reduce((sum, limit) => sum + limit, 0),
    ...limits('init_container'),
  );
}

// A folder without a size, or a container without a limit, breaks another rule.
function mebibytes(quantity: unknown): number {
  const [, amount = '0', unit = 'Mi'] = /^(\d+)(Mi|Gi|Ti)$/.exec(String(quantity)) ?? [];
  return Number(amount) * 1024 ** ['Mi', 'Gi', 'Ti'].indexOf(unit);
}

const hasProbe = (container: Attributes, name: string): boolean => blocks(container, name).length === 1;

function asksOwnPort(container: Attributes, probe: string): boolean {
  const own = blocks(container, 'port').flatMap(({ name, container_port }) => [
    String(name),
    String(container_port),
  ]);
  const asked = ['http_get', 'tcp_socket', 'grpc'].flatMap((way) => blocks(only(container, probe), way));
  return asked.every(({ port }) => own.includes(String(port)));
}

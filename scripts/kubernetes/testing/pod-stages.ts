// For tests: how kwok plays the pods of a cluster. They run at once, and those of Jobs complete; but some images stand for a
// program that fails, so that a deployment fails for the reason that it would really have.

/** A server that ends at once, again and again. Jobs complete with it. */
export const CRASHING = 'registry.example/crashing:1';
/** A Job fails for good with it. */
export const FAILING_JOB = 'registry.example/failing-job:1';
/** The last words of both. */
export const LAST_WORDS = 'error: TSDB_API_PORT must be a port, got "x"\nthe API did not start';

/** No registry has it. */
export const MISSING = 'registry.example/missing:1';
export const PULL_MESSAGE = 'rpc error: code = NotFound desc = registry.example/missing:1: not found';

/** What kwok reads with `--config`. Stages for pods take the place of its own. */
export const podStages = (): string => [...FAILING, ...READY, COMPLETE, DELETE].map(stage).join('\n---\n');

interface Stage {
  readonly name: string;
  readonly when: readonly object[];
  readonly next: object;
}

const stage = ({ name, when, next }: Stage): string =>
  JSON.stringify({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'Stage',
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: 'v1', kind: 'Pod' },
      selector: { matchExpressions: when },
      next,
    },
  });

const exists = (key: string) => ({ key, operator: 'Exists' });
const missing = (key: string) => ({ key, operator: 'DoesNotExist' });
const is = (key: string, ...values: readonly string[]) => ({ key, operator: 'In', values });
const isNot = (key: string, ...values: readonly string[]) => ({ key, operator: 'NotIn', values });

const IMAGE = '.spec.containers.[].image';
const OWNER = '.metadata.ownerReferences.[].kind';
const STARTING = [missing('.metadata.deletionTimestamp'), exists('.spec.nodeName'), missing('.status.podIP')];

const NOW = '{{ $now := Now }}';
const ADDRESSES = `
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
startTime: {{ $now | Quote }}
`;

function conditions(ready: 'True' | 'False'): string {
  const rows = [
    ['Initialized', 'True'],
    ['Ready', ready],
    ['ContainersReady', ready],
  ].map(
    ([type, status]) => `- { type: ${type}, status: "${status}", lastTransitionTime: {{ $now | Quote }} }`,
  );
  return ['conditions:', ...rows].join('\n');
}

/** @param fields of each container, as lines of YAML without the indentation */
function containers(list: string, of: string, fields: string): string {
  const rows = `- name: {{ .name | Quote }}\n  image: {{ .image | Quote }}\n${fields.replace(/^/gm, '  ')}`;
  return `${list}:\n{{ range .spec.${of} }}\n${rows}\n{{ end }}`;
}

const ended = (exitCode: number, reason: string, more = ''): string =>
  `terminated: { exitCode: ${exitCode}, reason: ${reason}, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}${more} }`;
const SAID = `, message: ${JSON.stringify(LAST_WORDS)}`;

const status = (...parts: readonly string[]) => ({ statusTemplate: [NOW, ...parts].join('\n') });

const FAILING: readonly Stage[] = [
  {
    name: 'crashing',
    when: [...STARTING, is(IMAGE, CRASHING), isNot(OWNER, 'Job')],
    next: status(
      conditions('False'),
      containers(
        'containerStatuses',
        'containers',
        [
          'ready: false',
          'restartCount: 4',
          'state: { waiting: { reason: CrashLoopBackOff, message: "back-off 1m20s restarting failed container" } }',
          `lastState: { ${ended(1, 'Error', SAID)} }`,
        ].join('\n'),
      ),
      'phase: Running',
      ADDRESSES,
    ),
  },
  {
    name: 'failing-job',
    when: [...STARTING, is(IMAGE, FAILING_JOB), is(OWNER, 'Job')],
    next: status(
      containers(
        'containerStatuses',
        'containers',
        `ready: false\nrestartCount: 0\nstate: { ${ended(2, 'Error', SAID)} }`,
      ),
      'phase: Failed',
      ADDRESSES,
    ),
  },
  {
    name: 'missing-image',
    when: [...STARTING, is(IMAGE, MISSING)],
    next: status(
      conditions('False'),
      containers(
        'containerStatuses',
        'containers',
        `ready: false\nrestartCount: 0\nstate: { waiting: { reason: ImagePullBackOff, message: ${JSON.stringify(PULL_MESSAGE)} } }`,
      ),
      'phase: Pending',
      ADDRESSES,
    ),
  },
];

const RUNNING = 'ready: true\nrestartCount: 0\nstate: { running: { startedAt: {{ $now | Quote }} } }';
const DONE = `ready: true\nrestartCount: 0\nstate: { ${ended(0, 'Completed')} }`;

const READY: readonly Stage[] = [
  { name: 'ready', when: [isNot(IMAGE, CRASHING, FAILING_JOB, MISSING)] },
  { name: 'ready-job', when: [is(IMAGE, CRASHING), is(OWNER, 'Job')] },
].map(({ name, when }) => ({
  name,
  when: [...STARTING, ...when],
  next: status(
    conditions('True'),
    containers('containerStatuses', 'containers', RUNNING),
    containers('initContainerStatuses', 'initContainers', DONE),
    'phase: Running',
    ADDRESSES,
  ),
}));

const COMPLETE: Stage = {
  name: 'complete',
  when: [missing('.metadata.deletionTimestamp'), is('.status.phase', 'Running'), is(OWNER, 'Job')],
  next: status(
    containers(
      'containerStatuses',
      'containers',
      `ready: false\nrestartCount: 0\nstate: { ${ended(0, 'Completed')} }`,
    ),
    'phase: Succeeded',
  ),
};

const DELETE: Stage = {
  name: 'delete',
  when: [exists('.metadata.deletionTimestamp')],
  next: { finalizers: { empty: true }, delete: true },
};

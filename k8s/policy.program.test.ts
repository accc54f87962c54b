import { type Resources, violations } from '../infra/core/testing/policy';
import { deployedResources } from './testing/deployments';
import { BAD } from './testing/policy/breaks';
import { GOOD } from './testing/policy/fixtures';
import { KUBERNETES_POLICY } from './testing/policy/rules';
import { SKIPPED_RULES } from './testing/policy/skipped';

const violationsOf = (resources: Resources) => violations(KUBERNETES_POLICY, resources);

/** `GOOD` with another value at a path such as `a.b.0.c`; a dot that is part of a name has a backslash before it. */
function changed(path: string, value: unknown): Resources {
  const resources = structuredClone(GOOD);
  const steps = path.split(/(?<!\\)\./).map((step) => step.replaceAll('\\', ''));
  const last = steps.pop() ?? '';
  let place = resources as Record<string, unknown>;
  for (const step of steps) {
    if (!(step in place)) throw new Error(`${path}: no ${step} in GOOD`);
    place = place[step] as Record<string, unknown>;
  }
  if (value === undefined && !(last in place)) throw new Error(`${path}: nothing to take away`);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return resources;
}

describe('the policy of the kubernetes stack', () => {
  it('lets good resources pass', () => {
    expect(violationsOf(GOOD)).toEqual([]);
  });

  it.each<[what: string, path: string, value: unknown]>([
    [
      'the image of a variable',
      'kubernetes_job_v1.x.spec.template.spec.container.0.image',
      `\${var.app_image}`,
    ],
    ['a digest', 'kubernetes_job_v1.x.spec.template.spec.container.0.image', 'e.org:5000/x@sha256:0'],
    ['anti-affinity', 'kubernetes_deployment_v1.x.spec.template.spec.affinity', { pod_anti_affinity: {} }],
  ])('lets %s pass', (_what, path, value) => {
    expect(violationsOf(changed(path, value))).toEqual([]);
  });

  it('counts a folder in memory as memory', () => {
    const folder = { size_limit: '8Gi', medium: 'Memory' };
    expect(
      violationsOf(
        changed('kubernetes_deployment_v1.x.spec.template.spec.volume.0', { name: 'm', empty_dir: folder }),
      ),
    ).toEqual([]);
  });

  // Each row has all three: jest takes a parameter without a value for a callback, and waits for it.
  const rows = BAD.map(([rule, path, value]) => [rule, path, value] as const);
  it.each(rows)('%s: finds that and nothing else: %s = %j', (rule, path, value) => {
    expect(violationsOf(changed(path, value))).toEqual([expect.stringMatching(new RegExp(`^${rule}`))]);
  });

  it('has a bad fixture for each rule', () => {
    const untested = KUBERNETES_POLICY.filter(({ says }) => !BAD.some(([rule]) => says.startsWith(rule)));
    expect(untested.map(({ says }) => says)).toEqual([]);
  });

  it('covers these rules of public scanners, and skips others with a reason', () => {
    const covered = KUBERNETES_POLICY.flatMap(({ ids }) => ids).sort();
    const numbers = (prefix: string) =>
      covered.filter((id) => id.startsWith(prefix)).map((id) => Number(id.slice(prefix.length)));
    const sorted = (prefix: string) => numbers(prefix).sort((a, b) => a - b);
    expect(sorted('CKV_K8S_')).toEqual([
      ...[8, 9, 10, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 25, 26, 28, 29, 30, 35, 37, 39],
    ]);
    expect(sorted('KSV-')).toEqual([
      ...[1, 3, 12, 13, 14, 15, 16, 17, 18, 22, 23, 24, 30, 36, 38, 104, 106, 110, 118],
    ]);
    expect(sorted('C-')).toEqual([13, 16, 17, 18, 34, 38, 41, 46, 55, 56, 57, 260, 271]);
    expect(covered.filter((id) => /^[a-z]/.test(id))).toEqual([
      'container-ephemeral-storage-request-and-limit',
      ...['dangling-service', 'deprecated-service-account-field', 'docker-sock', 'drop-net-raw-capability'],
      ...[
        'duplicate-env-var',
        'env-var-secret',
        'host-ipc',
        'host-network',
        'host-pid',
        'invalid-target-ports',
      ],
      ...['latest-tag', 'liveness-port', 'mismatching-selector', 'no-extensions-v1beta'],
      ...['no-read-only-root-fs', 'non-existent-service-account', 'pdb-max-unavailable', 'pdb-min-available'],
      ...['privilege-escalation-container', 'privileged-container', 'readiness-port', 'run-as-non-root'],
      ...['sensitive-host-mounts', 'ssh-port', 'startup-port', 'unsafe-sysctls', 'unset-memory-requirements'],
    ]);
    for (const { ids, because } of SKIPPED_RULES) {
      expect(because.length).toBeGreaterThan(30);
      for (const id of ids) expect(covered).not.toContain(id);
    }
  });
});

describe('every deployment', () => {
  it.each(Object.entries(deployedResources()))('keeps the policy: %s', (_what, resources) => {
    expect(violationsOf(resources)).toEqual([]);
  });
});

import type { SynthesisedStack } from '../../infra/core/testing/synthesise';
import { HA, S3, synthesiseHa } from './testing/ha-stack';

describe('the network policies of the instances', () => {
  const outside = (env: Readonly<Record<string, string>>) =>
    JSON.stringify(policiesOf(synthesiseHa(env)).find(({ metadata }) => metadata.name.endsWith('outside')));

  it('select the pods of the operator and nothing else', () => {
    for (const { spec } of policiesOf(synthesiseHa()))
      expect(spec.pod_selector).toEqual({
        match_labels: { 'cnpg.io/cluster': 'tsdb' },
      });
  });

  it('let names be looked up with a cache on the node, too', () => {
    const [dns] = policiesOf(synthesiseHa()).filter(({ metadata }) => metadata.name.endsWith('dns'));
    expect(JSON.stringify(dns?.spec)).toContain('"cidr":"169.254.20.10/32"');
  });

  it('let out to the Kubernetes API and to the object store, and never to the metadata service', () => {
    expect(outside(HA)).toMatch(/"169\.254\.169\.254\/32"/);
    expect(outside(HA)).not.toContain('9000');
    expect(outside(S3)).toContain('"9000"');
  });
});

interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

function policiesOf({ resource }: SynthesisedStack): readonly Policy[] {
  return Object.values(resource.kubernetes_network_policy_v1 ?? {}) as Policy[];
}

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

import { withoutLiveFields } from './live-fields';

describe('withoutLiveFields', () => {
  it('leaves out what Terraform leaves alone, and keeps fields of the same name elsewhere', () => {
    const lifecycle = {
      ignore_changes: ['spec[0].replicas', 'spec[0].template[0].metadata[0].annotations["a"]'],
    };
    const resource = {
      lifecycle,
      spec: { replicas: '2', other: { replicas: 1 }, template: [{ replicas: 3 }] },
    };
    expect(withoutLiveFields(resource)).toEqual({
      lifecycle,
      spec: { other: { replicas: 1 }, template: [{ replicas: 3 }] },
    });
  });

  it('leaves out annotations that only the cluster knows, and nothing else that looks like them', () => {
    const annotations = { id: 'uid-of-kubernetes_secret_v1.x', version: '2' };
    const resource = {
      metadata: { annotations, labels: { l: 'uid-of-x' } },
      spec: { metadata: { annotations } },
    };
    expect(withoutLiveFields(resource)).toEqual({
      metadata: { annotations: { version: '2' }, labels: { l: 'uid-of-x' } },
      spec: { metadata: { annotations: { version: '2' } } },
    });
  });
});

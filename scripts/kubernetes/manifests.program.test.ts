import { parseAllDocuments } from 'yaml';
import { DEPLOYMENTS, databaseStackOf, synthesiseKubernetes } from '../../k8s/testing/deployments';
import { type ApiObject, manifestsOf } from './convert';
import { manifestsAsYaml } from './manifests';
import { parseStack } from './stack-json';

const stackOf = (resource: object, rest: object = {}) => parseStack(JSON.stringify({ resource, ...rest }));
const metadata = { name: 'x' };

/** As a reader of YAML 1.1 sees it, which is what Kubernetes is. */
function read(yaml: string): readonly ApiObject[] {
  return parseAllDocuments(yaml, { version: '1.1' }).map((document) => document.toJS() as ApiObject);
}

describe('manifestsOf', () => {
  it('takes what a reference stands for from the same stack, over several steps', () => {
    const [namespace, account, job] = manifestsOf(
      stackOf({
        kubernetes_job_v1: {
          j: {
            metadata: { name: 'j', namespace: `\${kubernetes_service_account_v1.a.metadata[0].namespace}` },
          },
        },
        kubernetes_service_account_v1: {
          a: { metadata: { name: 'a', namespace: `\${kubernetes_namespace_v1.n.metadata[0].name}` } },
        },
        kubernetes_namespace_v1: { n: { metadata } },
      }),
    );
    expect([namespace, account, job].map((one) => one?.object.kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'Job',
    ]);
    expect(job?.object.metadata).toEqual({ name: 'j', namespace: 'x' });
  });

  it('gives a variable its value, else its default, else a placeholder', () => {
    const image = `\${var.app_image}`;
    const resource = { kubernetes_config_map_v1: { c: { metadata, data: { image } } } };
    const imageOf = (variables: Record<string, string>, fallback: string) =>
      manifestsOf(stackOf(resource, { variable: { app_image: { default: fallback } } }), variables)[0]
        ?.object;
    expect(imageOf({ app_image: 'a:1' }, 'b:1')).toMatchObject({ data: { image: 'a:1' } });
    expect(imageOf({}, 'b:1')).toMatchObject({ data: { image: 'b:1' } });
    expect(imageOf({}, '')).toMatchObject({ data: { image: 'not-set.invalid/app_image:not-set' } });
  });

  it('names what only the cluster knows, and refuses what nobody does', () => {
    const withName = (name: string) =>
      manifestsOf(stackOf({ kubernetes_namespace_v1: { n: { metadata }, m: { metadata: { name } } } }));
    expect(withName(`\${kubernetes_namespace_v1.n.metadata[0].uid}`)[0]?.object.metadata.name).toBe(
      'uid-of-kubernetes_namespace_v1.n',
    );
    expect(() => withName(`\${kubernetes_namespace_v1.n.metadata[0].owner}`)).toThrow(
      'kubernetes_namespace_v1.m: the stack does not say what kubernetes_namespace_v1.n.metadata.0.owner is',
    );
    expect(() => withName(`\${kubernetes_namespace_v1.other.metadata[0].uid}`)).toThrow('does not say');
  });

  it.each(['data', 'data_wo', 'binary_data'])(
    'gives the keys of a Secret, and nothing of its %s',
    (attribute) => {
      const secret = {
        metadata,
        type: 'Opaque',
        [attribute]: { b: 'hunter2', a: `\${ephemeral.x.y.result}` },
      };
      const manifests = manifestsOf(stackOf({ kubernetes_secret_v1: { s: secret } }));
      expect(manifests[0]).toEqual({
        address: 'kubernetes_secret_v1.s',
        object: { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque' },
        secretKeys: ['a', 'b'],
      });
      expect(manifestsAsYaml(manifests)).toContain(
        '# Without its values, which are drawn while applying: a, b\n',
      );
      expect(manifestsAsYaml(manifests)).not.toContain('hunter2');
    },
  );

  it('gives the name that goes with a password', () => {
    const data_wo = { username: 'postgres', password: `\${ephemeral.x.y.result}` };
    const stack = stackOf({
      kubernetes_secret_v1: { s: { metadata, type: 'kubernetes.io/basic-auth', data_wo } },
    });
    expect(manifestsOf(stack)[0]).toMatchObject({
      object: { stringData: { username: 'postgres' } },
      secretKeys: ['password'],
    });
  });

  it('refuses types and attributes that it does not know, by their address', () => {
    expect(() => manifestsOf(stackOf({ kubernetes_pod_v1: { p: {} } }))).toThrow(
      'kubernetes_pod_v1 is not known as a kind of Kubernetes',
    );
    expect(() =>
      manifestsOf(stackOf({ kubernetes_job_v1: { j: { metadata, spec: { colour: 'red' } } } })),
    ).toThrow('kubernetes_job_v1.j: spec.colour is in no table');
  });

  it('leaves out what other providers make', () => {
    expect(manifestsOf(stackOf({ terraform_data: { t: { input: 1 } } }))).toEqual([]);
  });
});

describe('manifestsAsYaml', () => {
  it('keeps texts that YAML would take for something else', () => {
    const data = {
      a: 'off',
      b: 'true',
      c: '0440',
      d: '1e3',
      e: '12:30',
      f: '~',
      g: 'a: b',
      h: 'two\nlines\n',
      i: '',
    };
    const yaml = manifestsAsYaml(
      manifestsOf(stackOf({ kubernetes_config_map_v1: { c: { metadata, data } } })),
    );
    expect(read(yaml)).toEqual([{ apiVersion: 'v1', kind: 'ConfigMap', metadata, data }]);
    expect(yaml).toContain('a: "off"');
  });
});

describe('every deployment', () => {
  const stacks = Object.entries(DEPLOYMENTS).flatMap(([what, env]) => [
    [what, synthesiseKubernetes(env)] as const,
    ...databaseStackOf(env).map((stack) => [`${what}, its database`, stack] as const),
  ]);

  it.each(stacks)(
    'is printed whole, by name, in an order that can be applied: %s',
    (_what, { text, resource }) => {
      const objects = read(manifestsAsYaml(manifestsOf(parseStack(text))));
      const expected = Object.entries(resource)
        .filter(([type]) => type.startsWith('kubernetes_'))
        .flatMap(([, named]) => Object.values(named));
      expect(objects).toHaveLength(expected.length);
      const names = objects.map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace}/${name}`);
      expect(new Set(names).size).toBe(names.length);
      expect(JSON.stringify(objects).match(/\$\{[^}]*\}|undefined|\[object/g)).toBeNull();
      const at = (kind: string) => objects.findIndex((object) => object.kind === kind);
      const order = [
        'Namespace',
        'ResourceQuota',
        'Secret',
        'PersistentVolumeClaim',
        'StatefulSet',
        'Job',
        'Deployment',
        'CronJob',
      ];
      const present = order.map(at).filter((index) => index >= 0);
      expect(present).toEqual([...present].sort((a, b) => a - b));
    },
  );

  it('has numbers where the API wants numbers', () => {
    const objects = read(manifestsAsYaml(manifestsOf(parseStack(synthesiseKubernetes().text))));
    const ofKind = (kind: string) => objects.find((object) => object.kind === kind);
    expect(ofKind('StatefulSet')).toMatchObject({
      spec: {
        replicas: 1,
        template: {
          spec: {
            securityContext: { runAsUser: 70, fsGroup: 70 },
            containers: [
              { startupProbe: { failureThreshold: 360 }, volumeMounts: expect.any(Array) },
              expect.anything(),
            ],
          },
        },
      },
    });
    expect(ofKind('Deployment')).toMatchObject({
      spec: {
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { spec: { containers: [{ livenessProbe: { httpGet: { port: 5000 } } }] } },
      },
    });
    expect(ofKind('CronJob')).toMatchObject({ spec: { timeZone: 'Etc/UTC' } });
  });
});

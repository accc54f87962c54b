import { onlyResource } from '../infra/core/testing/synthesise';
import { type Env, synthesiseKubernetes } from './testing/deployments';

const HOST = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org' };
const ingress = (env: Env) => onlyResource(synthesiseKubernetes(env), 'kubernetes_ingress_v1');

describe('the ingress of the API', () => {
  it('is there for a deployment with a host name only', () => {
    expect(synthesiseKubernetes().resource).not.toHaveProperty('kubernetes_ingress_v1');
  });

  it('leads to the service, with the certificate of a Secret', () => {
    const found = ingress({
      ...HOST,
      TSDB_DEPLOY_INGRESS_TLS_SECRET: 'cert',
      TSDB_DEPLOY_INGRESS_CLASS: 'nginx',
    });
    expect(found).toMatchObject({
      spec: {
        ingress_class_name: 'nginx',
        tls: [{ hosts: ['m.example.org'], secret_name: 'cert' }],
        rule: [
          {
            host: 'm.example.org',
            http: {
              path: [
                {
                  path: '/',
                  path_type: 'Prefix',
                  backend: {
                    service: { name: expect.stringContaining('api_service'), port: { name: 'http' } },
                  },
                },
              ],
            },
          },
        ],
      },
    });
    expect(found.metadata).not.toHaveProperty('annotations');
  });

  it('gives way to a route of a Gateway, which has the certificate', () => {
    const { resource } = synthesiseKubernetes({ ...HOST, TSDB_DEPLOY_GATEWAY: 'edge/public/https' });
    expect(resource).not.toHaveProperty('kubernetes_ingress_v1');
    expect(Object.values(resource.kubernetes_manifest ?? {})).toEqual([
      expect.objectContaining({
        manifest: {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'HTTPRoute',
          metadata: expect.objectContaining({ name: 'tsdb-api' }),
          spec: {
            parentRefs: [{ namespace: 'edge', name: 'public', sectionName: 'https' }],
            hostnames: ['m.example.org'],
            rules: [
              {
                matches: [{ path: { type: 'PathPrefix', value: '/' } }],
                backendRefs: [{ name: expect.stringContaining('api_service'), port: 80 }],
              },
            ],
          },
        },
      }),
    ]);
  });

  it("has cert-manager make the certificate, and takes the cluster's default class", () => {
    const found = ingress({ ...HOST, TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt' });
    expect(found).toMatchObject({
      metadata: { annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' } },
      spec: { tls: [{ secret_name: 'tsdb-api-tls' }] },
    });
    expect(found.spec).not.toHaveProperty('ingress_class_name');
  });
});

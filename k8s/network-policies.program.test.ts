import type { Attributes } from '../infra/core/testing/policy';
import { type Env, synthesiseKubernetes } from './testing/deployments';

const INGRESS = { TSDB_DEPLOY_INGRESS_HOST: 'm.example.org', TSDB_DEPLOY_INGRESS_ISSUER: 'letsencrypt' };
const CLIENTS = { pod_selector: { match_labels: { 'timescaledb-as-code/database-client': 'true' } } };
const COMPONENT = 'app.kubernetes.io/component';

/** Specs of the policies by the end of their names. */
function policies(env: Env = {}): Readonly<Record<string, Attributes>> {
  const all = Object.values(synthesiseKubernetes(env).resource.kubernetes_network_policy_v1 ?? {}) as {
    metadata: { name: string };
    spec: Attributes;
  }[];
  return Object.fromEntries(all.map(({ metadata, spec }) => [metadata.name.replace(/^tsdb-/, ''), spec]));
}

describe('the network policies', () => {
  it('deny everything, and then list the ways', () => {
    const all = policies();
    expect(Object.keys(all).sort()).toEqual(['api', 'database', 'database-clients', 'default-deny', 'dns']);
    expect(all['default-deny']).toEqual({ pod_selector: {}, policy_types: ['Ingress', 'Egress'] });
  });

  it.each<[what: string, env: Env, caches: readonly string[]]>([
    ['and with the usual caches on a node', {}, ['169.254.20.10/32', '169.254.10.11/32']],
    ['and with another cache', { TSDB_DEPLOY_DNS_CIDRS: '10.96.0.10/32' }, ['10.96.0.10/32']],
    ['only', { TSDB_DEPLOY_DNS_CIDRS: 'none' }, []],
  ])('let names be looked up, in kube-system %s', (_what, env, caches) => {
    expect(policies(env).dns).toEqual({
      pod_selector: {},
      policy_types: ['Egress'],
      egress: [
        {
          to: [
            { namespace_selector: { match_labels: { 'kubernetes.io/metadata.name': 'kube-system' } } },
            ...caches.map((cidr) => ({ ip_block: { cidr } })),
          ],
          ports: [
            { port: '53', protocol: 'UDP' },
            { port: '53', protocol: 'TCP' },
          ],
        },
      ],
    });
  });

  it.each<[what: string, env: Env, labels: object]>([
    ['the StatefulSet', {}, { [COMPONENT]: 'database' }],
    [
      "the operator's cluster",
      { TSDB_DEPLOY_HA: 'true', TSDB_DEPLOY_HA_IMAGE: 'e.org/pg:pg17' },
      { 'cnpg.io/cluster': 'tsdb' },
    ],
    [
      'the coordinator, and to no shard',
      { TSDB_DEPLOY_SHARDED: 'true' },
      { 'timescaledb-as-code/database-node': 'coordinator' },
    ],
  ])('let clients, and nobody else, to the port of %s', (_what, env, match_labels) => {
    const { database, 'database-clients': clients } = policies(env);
    const ports = [{ port: '5432', protocol: 'TCP' }];
    expect(database).toMatchObject({ pod_selector: { match_labels }, ingress: [{ from: [CLIENTS], ports }] });
    expect(database?.ingress).toEqual([{ from: [CLIENTS], ports }]);
    expect(clients).toMatchObject({
      ...CLIENTS,
      egress: [{ to: [{ pod_selector: { match_labels } }], ports }],
    });
  });

  it('lead out of the cluster nowhere', () => {
    const { dns, ...others } = policies(INGRESS);
    expect(dns).toBeDefined();
    expect(JSON.stringify(others)).not.toContain('ip_block');
  });

  it.each<[what: string, env: Env, from: readonly object[]]>([
    ['pods beside it', {}, [{ pod_selector: {} }]],
    [
      'any namespace, with an ingress of unknown place',
      INGRESS,
      [{ pod_selector: {} }, { namespace_selector: {} }],
    ],
    [
      'the namespace of the ingress',
      { ...INGRESS, TSDB_DEPLOY_INGRESS_NAMESPACE: 'edge' },
      [
        { pod_selector: {} },
        { namespace_selector: { match_labels: { 'kubernetes.io/metadata.name': 'edge' } } },
      ],
    ],
  ])('let %s ask the API', (_what, env, from) => {
    expect(policies(env).api).toMatchObject({ pod_selector: { match_labels: { [COMPONENT]: 'api' } } });
    expect(policies(env).api?.ingress).toEqual([{ from, ports: [{ port: '5000', protocol: 'TCP' }] }]);
  });

  it('let cert-manager prove the name, where it makes the certificate', () => {
    expect(policies(INGRESS)['certificate-proof']).toMatchObject({
      pod_selector: { match_labels: { 'acme.cert-manager.io/http01-solver': 'true' } },
      ingress: [{ from: [{ namespace_selector: {} }], ports: [{ port: '8089', protocol: 'TCP' }] }],
    });
  });
});

import { addressOf } from '../../infra/core/address';
import { readConfig } from '../../infra/core/config';
import { DEPLOYMENTS, type Env, synthesiseKubernetes } from '../testing/deployments';
import { placeOf } from './broker-place';

const inside = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});
const place = (addresses: readonly string[], env: Env = {}) =>
  placeOf(addresses.map(addressOf), readConfig(env));
const ports = (...numbers: readonly number[]) =>
  numbers.map((number) => ({ port: String(number), protocol: 'TCP' }));

describe('the place of a broker', () => {
  it.each<[address: string, to: object, number: number]>([
    ['kafka:9092', { podSelector: {} }, 9092],
    ['plant-kafka-bootstrap.kafka.svc:9093', inside('kafka'), 9093],
    ['b-0.plant-kafka-brokers.kafka.svc.cluster.local:9093', inside('kafka'), 9093],
    ['http://registry.schemas.svc', inside('schemas'), 80],
    ['mqtts://Broker.Plant.svc', inside('plant'), 8883],
    ['wss://broker.plant.svc/mqtt', inside('plant'), 443],
  ])('of %s is in the cluster', (address, to, number) => {
    expect(place([address])).toEqual({ to: [to], ports: ports(number) });
  });

  it('is in the networks of the settings when it is outside, or anywhere but where nodes have their identity', () => {
    const cidrs = { TSDB_DEPLOY_STREAM_CIDRS: '198.51.100.0/24,169.254.0.0/16' };
    expect(place(['kafka.example.org:9094'], cidrs).to).toEqual([
      { ipBlock: { cidr: '198.51.100.0/24' } },
      { ipBlock: { cidr: '169.254.0.0/16', except: ['169.254.169.254/32'] } },
    ]);
    expect(place(['kafka.example.org:9094']).to).toEqual([
      { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } },
    ]);
  });

  it('has further ports, and names each once', () => {
    const env = { TSDB_DEPLOY_STREAM_PORTS: '9095' };
    const brokers = ['a.kafka.svc:9093', 'b.kafka.svc:9093', 'c.kafka.svc:9094'];
    expect(place(brokers, env)).toEqual({ to: [inside('kafka')], ports: ports(9093, 9094, 9095) });
  });
});

describe('the network policies of the consumers', () => {
  const policies = (env: Env): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      (
        Object.values(synthesiseKubernetes(env).resource.kubernetes_network_policy_v1 ?? {}) as {
          metadata: { name: string };
          spec: unknown;
        }[]
      ).map(({ metadata, spec }) => [metadata.name.replace(/^tsdb-/, ''), spec]),
    );
  const OF = 'timescaledb-as-code/consumer-of';

  it('lead to their own broker only', () => {
    const all = policies(DEPLOYMENTS['consumers of brokers in the cluster, by lag'] as Env);
    expect(all['kafka-brokers']).toMatchObject({
      pod_selector: { match_labels: { [OF]: 'kafka' } },
      egress: [{ ports: [{ port: '9093', protocol: 'TCP' }] }],
    });
    expect(all['mqtt-brokers']).toMatchObject({
      pod_selector: { match_labels: { [OF]: 'mqtt' } },
      egress: [{ ports: [{ port: '1883', protocol: 'TCP' }] }],
    });
    expect(all['kafka-metrics']).toMatchObject({
      ingress: [{ from: [{ pod_selector: {} }], ports: [{ port: '5001', protocol: 'TCP' }] }],
    });
  });

  it('lead to the tokens of an identity where one is used', () => {
    const { 'kafka-brokers': brokers } = policies(
      DEPLOYMENTS['a consumer of Event Hubs, with an identity'] as Env,
    );
    expect(JSON.stringify(brokers)).toContain('"port":"443"');
  });

  it('are not there without a broker', () => {
    expect(Object.keys(policies({}))).not.toContain('kafka-brokers');
  });
});

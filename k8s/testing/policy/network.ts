// Rules about who may talk to whom.
import { isIPv4 } from 'node:net';
import { DATABASE } from '../../../infra/core/names';
import {
  type Attributes,
  allOf,
  blocks,
  eachMust,
  only,
  type PolicyRule,
  type Resources,
} from '../../../infra/core/testing/policy';
import { DATABASE_CLIENT } from '../../metadata';
import { matches, podsOf } from './pods';

const POLICY = 'kubernetes_network_policy_v1';

/** Where clouds hand out the identity of a node. */
const METADATA_SERVICE = '169.254.169.254';

export const NETWORK_POLICY: readonly PolicyRule[] = [
  {
    ids: ['KSV-0038', 'C-0260'],
    says: 'every pod is denied all traffic, in and out, that no policy lists',
    find: (resources) => (allOf(resources, POLICY).some(([, policy]) => deniesAll(policy)) ? [] : [POLICY]),
  },
  {
    ids: [],
    says: 'only clients of this namespace reach the database, and only its port',
    find: openDatabases,
  },
  eachMust(POLICY, [], 'no rule leads everywhere, or to the metadata service of a cloud', (policy) =>
    blocks(only(policy, 'spec'), 'egress').every(({ to }) => {
      const peers = blocks({ to }, 'to');
      return peers.length > 0 && peers.every((peer) => blocks(peer, 'ip_block').every(leavesMetadataOut));
    }),
  ),
  eachMust(POLICY, [], 'each rule names its ports', (policy) =>
    ['ingress', 'egress'].every((way) =>
      blocks(only(policy, 'spec'), way).every((rule) => blocks(rule, 'ports').length > 0),
    ),
  ),
];

function deniesAll(policy: Attributes): boolean {
  const spec = only(policy, 'spec');
  const types = spec.policy_types as readonly string[];
  return (
    Object.keys(only(spec, 'pod_selector', { none: true })).length === 0 &&
    ['Ingress', 'Egress'].every((type) => types.includes(type)) &&
    blocks(spec, 'ingress').length + blocks(spec, 'egress').length === 0
  );
}

function openDatabases(resources: Resources): readonly string[] {
  const databases = podsOf(resources).filter(({ address }) =>
    address.startsWith('kubernetes_stateful_set_v1.'),
  );
  return allOf(resources, POLICY)
    .filter(([, policy]) => {
      const spec = only(policy, 'spec');
      const { match_labels } = only(spec, 'pod_selector');
      return (
        databases.some(({ labels }) => matches(match_labels, labels)) &&
        !blocks(spec, 'ingress').every(isForClients)
      );
    })
    .map(([address]) => address);
}

function isForClients(rule: Attributes): boolean {
  const peers = blocks(rule, 'from');
  const ports = blocks(rule, 'ports');
  return (
    peers.length > 0 &&
    peers.every(
      (peer) =>
        Object.keys(peer).length === 1 &&
        (only(only(peer, 'pod_selector'), 'match_labels') as Readonly<Record<string, unknown>>)[
          DATABASE_CLIENT
        ] === 'true',
    ) &&
    ports.every(
      ({ port, protocol, end_port }) => `${port}/${protocol}/${end_port ?? ''}` === `${DATABASE.port}/TCP/`,
    )
  );
}

function leavesMetadataOut({ cidr, except }: Attributes): boolean {
  return (
    !contains(String(cidr), METADATA_SERVICE) ||
    blocks({ except }, 'except').includes(`${METADATA_SERVICE}/32` as never)
  );
}

function contains(network: string, address: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  // Of other networks nobody can tell here, so that they count as containing it.
  if (!isIPv4(base) || !/^\d+$/.test(bits)) return true;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(numberOf(base) / size) === Math.floor(numberOf(address) / size);
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

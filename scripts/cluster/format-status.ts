// The state of a cluster as people read it.
import type { ClusterStatus, NodeState } from '../../db/cluster/status';
import { counted, shortBytes } from '../../db/core/quantities';
import { paintFor, table } from '../output';

/** Nodes, tables, moves, and what needs a person. */
export function formatClusterStatus(state: ClusterStatus): string {
  return [
    `Citus ${state.citusVersion}, ${counted(state.nodes.length, 'node')}`,
    '',
    table(
      ['node', 'role', 'state', 'new shards', 'shards', 'only there', 'size', 'undecided'],
      state.nodes.map(nodeRow),
    ),
    '',
    table(
      ['table', 'kind', 'distributed by', 'group', 'shards', 'chunks'],
      state.tables.map((one) => [
        one.table,
        one.kind,
        one.distributionColumn ?? '-',
        String(one.colocationGroup),
        String(one.shards),
        String(one.chunks),
      ]),
    ),
    '',
    movesLine(state),
    ...warnings(state),
  ].join('\n');
}

function nodeRow(node: NodeState): string[] {
  return [
    node.address,
    node.role,
    node.state,
    node.takesShards ? 'yes' : 'no',
    String(node.shards),
    String(node.onlyThere),
    node.bytes === null ? '-' : shortBytes(node.bytes),
    node.undecided === null ? '-' : String(node.undecided),
  ];
}

function movesLine({ moves }: ClusterStatus): string {
  if (moves === null) return 'moves: none so far';
  const copied =
    moves.totalBytes === 0
      ? ''
      : `, ${shortBytes(moves.copiedBytes)} of ${shortBytes(moves.totalBytes)} of the shard that moves now`;
  return `moves: job ${moves.id} ${moves.state}, ${moves.done} of ${counted(moves.tasks, 'step')} done${copied}`;
}

function warnings(state: ClusterStatus): readonly string[] {
  const warning = paintFor(process.stdout).red('warning');
  const away = state.nodes.filter((node) => node.state !== 'answers');
  return [
    ...away.map(
      (node) =>
        `${node.address} ${node.state === 'disabled' ? 'is disabled' : node.state}: ${counted(node.onlyThere, 'shard')} exist only there, and writes to them fail`,
    ),
    ...state.cutOff.map(({ from, to }) => `${from} cannot connect to ${to}: moves between them fail`),
    ...state.nodes
      .filter(({ undecided }) => (undecided ?? 0) > 0)
      .map(
        ({ address, undecided }) =>
          `${address} holds ${counted(undecided ?? 0, 'transaction')} whose end is not decided; the coordinator decides within a minute of reaching it (SELECT recover_prepared_transactions() at once)`,
      ),
    ...state.lostShards.map(({ table: name, shard }) => `no active node has shard ${shard} of ${name}`),
    ...(state.moves?.fault && state.moves.state !== 'finished'
      ? [`the last job of moves met: ${state.moves.fault}`]
      : []),
  ].map((text) => `${warning}  ${text}`);
}

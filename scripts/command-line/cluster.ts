// Commands of the nodes of a cluster.
import { type Command, Option } from 'commander';
import { TRANSFER_MODES } from '../../db/cluster/moves';
import type { Runner } from '../run-to-exit';
import { load } from './load';

/** Adds cluster status, add, drain, rebalance. */
export function addClusterCommands(program: Command, { toEnd, untilSignal }: Runner): void {
  program.commandsGroup('Cluster (engine citus):');
  const cluster = program.command('cluster').description('the nodes of a Citus cluster');
  const modes = (): Option =>
    new Option(
      '--mode <mode>',
      'how rows are carried over: auto needs a replica identity; force_logical makes updates of other tables fail meanwhile; block_writes makes writes wait',
    )
      .choices(TRANSFER_MODES)
      .default('auto');
  cluster
    .command('status')
    .description(
      'show nodes, what lies where, moves, and transactions to be recovered (exit code 2 = something needs attention)',
    )
    .option('--json', 'print one JSON document')
    .action((flags) => toEnd(() => load.cluster().clusterStatus(flags)));
  cluster
    .command('add <host:port>')
    .description('add a server to the cluster, or take a drained node back')
    .option('--coordinator <host:port>', 'how workers reach the coordinator (default: as this command does)')
    .option('--rebalance', 'then move shards there')
    .addOption(modes())
    .option('--json', 'print one JSON document')
    .action((address, flags) =>
      untilSignal((signal) => load.cluster().addClusterNode(address, flags, signal)),
    );
  cluster
    .command('drain <host:port>')
    .description('move all shards away from a node; Ctrl-C stops after the shard that moves')
    .option('--remove', 'then remove the node from the cluster')
    .option('--dry-run', 'only show the moves')
    .addOption(modes())
    .option('--json', 'print one JSON document')
    .action((address, flags) => untilSignal((signal) => load.cluster().drain(address, flags, signal)));
  cluster
    .command('rebalance')
    .description('move shards until the nodes hold about as much; run it again to continue')
    .option('--dry-run', 'only show the moves')
    .addOption(modes())
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.cluster().rebalance(flags, signal)));
}

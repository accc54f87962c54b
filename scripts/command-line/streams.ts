// Commands that read from message brokers and write to them.
import type { Command } from 'commander';
import type { Runner } from '../run-to-exit';
import { collect } from './arguments';
import { load } from './load';

/** Adds consume. */
export function addStreamCommands(program: Command, { untilSignal }: Runner): void {
  program.commandsGroup('Streams:');
  const consume = program
    .command('consume')
    .description('store messages of a broker in the declared tables, until it is stopped');
  consume
    .command('kafka')
    .description('topics of Kafka, exactly once; set TSDB_KAFKA_BROKERS')
    .option('--topic <name>', 'only this declared topic; can be repeated', collect, [])
    .action((flags) => untilSignal((signal) => load.consume().consumeKafkaTopics(flags, signal)));
}

// Commands that read from message brokers and write to them.
import type { Command } from 'commander';
import type { Runner } from '../run-to-exit';
import { collect, percent, whole } from './arguments';
import { load } from './load';

/** Adds consume, replay and produce. */
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
  consume
    .command('mqtt')
    .description('topics of an MQTT broker, each message acknowledged when it is stored; set TSDB_MQTT_URL')
    .option('--topic <pattern>', 'only this declared pattern; can be repeated', collect, [])
    .action((flags) => untilSignal((signal) => load.consume().consumeMqttTopics(flags, signal)));
  consume
    .command('reset')
    .description('set the stored positions of a topic of Kafka, while no consumer of the group runs')
    .requiredOption('--topic <name>', 'declared topic')
    .requiredOption('--to <position>', 'beginning, end, or an offset')
    .option('--partition <number>', 'only this partition', whole(0, 2_147_483_647))
    .option('--yes', 'do not ask for confirmation')
    .action((flags) => untilSignal((signal) => load.consume().resetConsumer(flags, signal)));
  program
    .command('replay <topic>')
    .description(
      'store the dead letters of a topic of Kafka again, with the bytes that its dead-letter topic has; set TSDB_KAFKA_BROKERS',
    )
    .option('--json', 'print one JSON document')
    .action((topic, flags) => untilSignal((signal) => load.replay().replayFromTopic(topic, flags, signal)));
  const produce = program.command('produce').description('send sample data to a broker');
  produce
    .command('kafka')
    .description(
      'to the topics of the declared streams, acknowledged by all replicas; set TSDB_KAFKA_BROKERS',
    )
    .option('--topic <name>', 'only to this declared topic; can be repeated', collect, [])
    .option('--rows <number>', 'number of records; 0 = until Ctrl-C', whole(0, 1_000_000_000), 10_000)
    .option(
      '--rate <number>',
      'records a second (default: as fast as the brokers take them)',
      whole(1, 10_000_000),
    )
    .option('--seed <number>', 'the same number and end give the same records', whole(0, 4_294_967_295), 1)
    .option('--to <time>', 'end of their times (exclusive), e.g. 2026-11-01T00:00:00Z (default: now)')
    .option('--poison <percent>', 'percentage of broken records, of several kinds', percent, 0)
    .option(
      '--create-topics <partitions>',
      'create topics that are missing, also those of refused records, with so many partitions',
      whole(1, 10_000),
    )
    .option('--json', 'print one JSON document')
    .action((flags) => untilSignal((signal) => load.produce().produceKafka(flags, signal)));
}

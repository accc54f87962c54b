// A program that is killed in the middle and run again: writes its batches under keys that it makes again each time.
import { sensorData } from '../../../db/schema/iot';
import { readConfig } from '../../config';
import { openDatabase } from '../../database/database';
import { BufferedWriter } from '../buffered-writer';
import { tableSink } from '../table-sink';
import { FEED_BATCHES, feedBatch } from './feed';

async function main(): Promise<void> {
  const database = openDatabase(readConfig());
  const sink = tableSink<ReturnType<typeof feedBatch>[number]>({
    pool: database.writer,
    engine: await database.engine(),
    table: sensorData,
  });
  const writer = new BufferedWriter(sink, {
    maxInFlight: 2,
    onRefused: (refused) => {
      throw new Error(refused[0]?.reason);
    },
  });
  for (let batch = 0; batch < FEED_BATCHES; batch += 1)
    await writer.addBatch(feedBatch('feed', batch), `feed-${batch}`);
  await writer.close();
  await database.end();
}

void main();

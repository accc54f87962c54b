// The stream and the rows of the benchmark: what customers do, from the sample data of set `business`.
import type { KafkaStream } from '../../../db/language/stream';
import { stream } from '../../../db/language/stream';
import { customerMetrics } from '../../../db/schema/business';
import { type SampleRecord, sampleRecords } from '../../streams/kafka/produce-records';

/** The topic of the benchmark, declared as the topics of set `business` are. */
export const benchStream = (topic: string): KafkaStream => stream(topic, customerMetrics);

/** So many records of the topic. */
export function* benchRecords(topic: string, rows: number, to: Date): Generator<SampleRecord> {
  let count = 0;
  for (const record of sampleRecords([benchStream(topic)], { seed: 1, to, poison: 0 })) {
    if (count === rows) return;
    count += 1;
    yield record;
  }
}

/** The row of a record in COPY's text format. */
export function copyLine({ value }: Pick<SampleRecord, 'value'>): string {
  const row = JSON.parse(value) as Readonly<Record<string, unknown>>;
  const cells = customerMetrics.columnNames.map((name) => {
    const cell = row[name];
    if (cell === undefined) return '\\N';
    const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
    return text.replaceAll('\\', '\\\\');
  });
  return `${cells.join('\t')}\n`;
}

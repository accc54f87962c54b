// Metrics of a consumer, in the text format of Prometheus.
import type { Pool } from 'pg';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { StreamConsumer } from './consumer';
import type { StreamMetrics } from './consumer-parts';
import { countOutbox } from './positions';

/** Counters of what is stored, and the registry that shows them. */
export interface ConsumerMetrics extends StreamMetrics {
  readonly registry: Registry;
}

// From one small batch to one that the time limit of a statement ends.
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Creates the metrics. */
export function consumerMetrics(): ConsumerMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const records = new Counter({
    name: 'tsdb_stream_records_total',
    help: 'Records of a topic that were stored or became dead letters',
    labelNames: ['topic'] as const,
    registers,
  });
  const rows = new Counter({
    name: 'tsdb_stream_rows_total',
    help: 'Rows of records by verdict: stored, unchanged (their key was there already) or rejected',
    labelNames: ['topic', 'verdict'] as const,
    registers,
  });
  const alerts = new Counter({
    name: 'tsdb_stream_alerts_total',
    help: 'Alerts that rows of a topic have raised',
    labelNames: ['topic'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'tsdb_stream_batch_seconds',
    help: 'Time to read and store a batch',
    labelNames: ['topic'] as const,
    buckets: SECONDS,
    registers,
  });
  return {
    registry,
    stored: (topic, count, result, took) => {
      records.inc({ topic }, count);
      rows.inc({ topic, verdict: 'stored' }, result.stored - result.unchanged);
      rows.inc({ topic, verdict: 'unchanged' }, result.unchanged);
      rows.inc({ topic, verdict: 'rejected' }, result.rejected);
      alerts.inc({ topic }, result.alerts);
      seconds.observe({ topic }, took);
    },
  };
}

/** Adds what is read when the metrics are asked for: the lag, and the records that wait for a dead-letter topic. */
export function addConsumerState(
  { registry }: ConsumerMetrics,
  consumer: Pick<StreamConsumer, 'lag'>,
  { pool, group }: { readonly pool: Pool; readonly group: string },
): void {
  const registers = [registry];
  new Gauge({
    name: 'tsdb_stream_lag',
    help: 'Records of a partition that are not stored yet, of the partitions that this process reads',
    labelNames: ['topic', 'partition'] as const,
    registers,
    collect() {
      this.reset();
      for (const { topic, partition, lag } of consumer.lag()) this.set({ topic, partition }, lag);
    },
  });
  new Gauge({
    name: 'tsdb_stream_outbox_records',
    help: 'Refused records of the group that the dead-letter topic does not have yet; absent without a database',
    registers,
    async collect() {
      try {
        this.set(await countOutbox(pool, group));
      } catch {
        this.reset();
      }
    },
  });
}

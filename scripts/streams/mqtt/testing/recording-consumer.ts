// For tests: a consumer whose messages go into a list instead of a database, when the test lets them.
import type { Message } from '../../../../api/streams/message';
import { waitFor } from '../../../../db/local/testing/wait';
import type { StreamConsumer } from '../../consumer';
import { readMqttConfig } from '../config';
import { startMqttConsumer } from '../mqtt-consumer';

export interface RecordingConsumer {
  readonly consumer: StreamConsumer;
  /** Values of the stored messages, in their order. */
  readonly stored: string[];
  /** Values of messages of topics that no pattern matches. */
  readonly others: string[];
  /** Sizes of the batches that were given to the store, stored or not. */
  readonly asked: number[];
  readonly log: string[];
  /** From now on the store fails, as it does without a database. */
  fail(): void;
  /** From now on the store waits. */
  hold(): void;
  /** The store works again. */
  release(): void;
  /** Waits until it has a connection. */
  connected(): Promise<void>;
}

export interface RecordingOptions {
  readonly patterns?: readonly string[];
  readonly rows?: number;
  /** The store takes no more messages at a time, as a database with a time limit. */
  readonly atMost?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one. */
export function recordingConsumer(url: string, options: RecordingOptions = {}): RecordingConsumer {
  const { patterns = ['plant/{site}/{sensor_id}'], rows = 5_000, atMost = rows, env = {} } = options;
  const stored: string[] = [];
  const others: string[] = [];
  const asked: number[] = [];
  const log: string[] = [];
  let state: 'works' | 'fails' | 'waits' = 'works';
  let wake: (() => void)[] = [];
  const storeIn = (list: string[]) => async (messages: readonly Message[]) => {
    asked.push(messages.length);
    while (state === 'waits') await new Promise<void>((resolve) => wake.push(resolve));
    if (state === 'fails') throw new Error('no database');
    if (messages.length > atMost) throw Object.assign(new Error('statement timeout'), { code: '57014' });
    for (const { value } of messages) list.push(String(value));
    return { stored: messages.length, unchanged: 0, rejected: 0, alerts: 0 };
  };
  const line = (details: unknown, text?: string) => {
    log.push(`${text} ${JSON.stringify(details)}`);
  };
  const consumer = startMqttConsumer({
    config: readMqttConfig({ TSDB_MQTT_URL: url, ...env }, rows),
    topics: new Map(patterns.map((pattern) => [pattern, storeIn(stored)])),
    patterns,
    others: storeIn(others),
    batch: { rows, ms: 1_000 },
    log: { debug: line, info: line, warn: line, error: line },
    metrics: { stored: () => undefined },
  });
  const setState = (next: typeof state) => {
    state = next;
    for (const awake of wake.splice(0)) awake();
    wake = [];
  };
  return {
    consumer,
    stored,
    others,
    asked,
    log,
    fail: () => setState('fails'),
    hold: () => setState('waits'),
    release: () => setState('works'),
    connected: async () => {
      await waitFor('the consumer is connected', () => log.some((text) => text.startsWith('connected ')));
    },
  };
}

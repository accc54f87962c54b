// For tests: publishes messages to an MQTT broker, and waits until the broker has each of them.
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';

/** A message to publish. */
export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly qos?: 0 | 1;
  readonly retain?: boolean;
}

export interface Publisher {
  /** Resolves when the broker has acknowledged all of them. It connects again as often as needed. */
  publish(messages: readonly Published[]): Promise<void>;
  subscribe(filter: string): Promise<void>;
  end(): Promise<void>;
}

/** Connects a publisher. */
export async function publisher(url: string, options: IClientOptions = {}): Promise<Publisher> {
  const client = await connectAsync(url, { reconnectPeriod: 50, ...options });
  client.on('error', () => undefined);
  return {
    publish: async (messages) => {
      await Promise.all(messages.map((message) => publishOne(client, message)));
    },
    subscribe: async (filter) => {
      await client.subscribeAsync(filter, { qos: 1 });
    },
    end: () => client.endAsync(),
  };
}

const publishOne = async (
  client: MqttClient,
  { topic, payload, qos = 1, retain = false }: Published,
): Promise<void> => {
  await client.publishAsync(topic, payload, { qos, retain });
};

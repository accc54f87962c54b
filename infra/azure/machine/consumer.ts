// A consumer of Kafka or MQTT as the release sees it: what it is told, what it mounts, and where it may connect to.
import type { BrokerFile } from '../../core/settings/event-hubs';

export interface Consumer {
  readonly kind: 'kafka' | 'mqtt';
  readonly environment: Readonly<Record<string, string>>;
  /** Each file with the secret of the vault that it is. */
  readonly secrets: Readonly<Partial<Record<BrokerFile, string>>>;
  /** TCP ports that it connects to outside the machine. */
  readonly ports: readonly number[];
  /** Whether it logs in with the identity of the machine. */
  readonly hasIdentity: boolean;
  /** Whether its brokers are the Event Hubs of this deployment, whose address only Terraform knows. */
  readonly usesEventHubs: boolean;
}

/** Its name in the compose file. */
export const serviceOf = ({ kind }: Consumer): string => `consume-${kind}`;

/** Where its container finds a file. */
export const fileInContainer = (file: BrokerFile): string => `/run/secrets/${file}`;

// One try to connect before the real work, so that wrong settings end a program at once and not after a series of tries.
import { UsageError } from '../../../db/core/errors';
import type { KafkaConfig } from './config';
import { explained } from './failures';
import { kafkaClient } from './security';

/**
 * Connects once and disconnects. A broker that cannot be reached is no fault here, because it may come back.
 * @throws UsageError when the broker refuses the login, or either side refuses a certificate of the other.
 */
export async function refuseWrongSettings(config: KafkaConfig): Promise<void> {
  const admin = kafkaClient(config, () => undefined, { retries: 0 }).admin();
  try {
    await admin.connect();
  } catch (error) {
    const reason = explained(error, config);
    if (reason instanceof UsageError) throw reason;
  } finally {
    await admin.disconnect();
  }
}

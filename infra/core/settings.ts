// Every setting of the deployment, in the order of the table in docs/settings.md.
import { AKS_SETTINGS } from './settings/aks';
import { AZURE_SETTINGS } from './settings/azure';
import { CONSUMER_SETTINGS } from './settings/consumers';
import { HA_SETTINGS } from './settings/ha';
import { KAFKA_SETTINGS } from './settings/kafka';
import { KUBERNETES_SETTINGS } from './settings/kubernetes';
import type { DeclaredOf } from './settings/setting';
import { SHARDED_SETTINGS } from './settings/sharded';
import { SHARED_SETTINGS } from './settings/shared';
import { STREAM_SETTINGS } from './settings/streams';

export const SETTINGS = [
  ...Object.values(SHARED_SETTINGS),
  ...Object.values(AZURE_SETTINGS),
  ...Object.values(KUBERNETES_SETTINGS),
  ...Object.values(HA_SETTINGS),
  ...Object.values(SHARDED_SETTINGS),
  ...Object.values(AKS_SETTINGS),
  ...Object.values(STREAM_SETTINGS),
  ...Object.values(CONSUMER_SETTINGS),
  ...Object.values(KAFKA_SETTINGS),
].map((setting) => ({ default: '', ...setting }));

export type SettingName = (typeof SETTINGS)[number]['name'];

/** One environment: only what differs from the defaults. An environment variable wins over each value of it. */
export interface Environment extends DeclaredOf<typeof SHARED_SETTINGS> {
  readonly azure?: DeclaredOf<typeof AZURE_SETTINGS>;
  readonly kubernetes?: DeclaredOf<typeof KUBERNETES_SETTINGS>;
  readonly ha?: DeclaredOf<typeof HA_SETTINGS>;
  readonly sharded?: DeclaredOf<typeof SHARDED_SETTINGS>;
  readonly aks?: DeclaredOf<typeof AKS_SETTINGS>;
  readonly streams?: DeclaredOf<typeof STREAM_SETTINGS>;
  readonly consumers?: DeclaredOf<typeof CONSUMER_SETTINGS>;
  readonly kafka?: DeclaredOf<typeof KAFKA_SETTINGS>;
}

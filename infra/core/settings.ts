// Every setting of the deployment, in the order of the README's table. What each stack reads is listed beside it.
import { AKS_SETTINGS, type AksValues } from './settings/aks';
import { AZURE_SETTINGS, type AzureValues } from './settings/azure';
import { HA_SETTINGS, type HaValues } from './settings/ha';
import { KUBERNETES_SETTINGS, type KubernetesValues } from './settings/kubernetes';
import type { EnvironmentValue, Setting } from './settings/setting';
import { SHARED_SETTINGS, type SharedValues } from './settings/shared';

export const SETTINGS = [
  ...SHARED_SETTINGS,
  ...AZURE_SETTINGS,
  ...KUBERNETES_SETTINGS,
  ...HA_SETTINGS,
  ...AKS_SETTINGS,
] as const;

export type SettingName = (typeof SETTINGS)[number]['name'];

/** One environment: only what differs from the defaults. An environment variable wins over each value of it. */
export interface Environment extends SharedValues {
  readonly azure?: AzureValues;
  readonly kubernetes?: KubernetesValues;
  readonly ha?: HaValues;
  readonly aks?: AksValues;
}

/** The values of an environment as the text that their environment variables would have. */
export function textsOf(environment: Environment): ReadonlyMap<string, string> {
  return new Map([
    ...texts(SHARED_SETTINGS, environment),
    ...texts(AZURE_SETTINGS, environment.azure ?? {}),
    ...texts(KUBERNETES_SETTINGS, environment.kubernetes ?? {}),
    ...texts(HA_SETTINGS, environment.ha ?? {}),
    ...texts(AKS_SETTINGS, environment.aks ?? {}),
  ]);
}

function texts<Field extends string>(
  settings: readonly Setting<Field>[],
  values: { readonly [name in Field]?: EnvironmentValue },
): readonly (readonly [string, string])[] {
  return settings.flatMap(({ name, field }) => {
    const value = field === undefined ? undefined : values[field];
    return value === undefined ? [] : [[name, text(value)] as const];
  });
}

function text(value: EnvironmentValue): string {
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return value.join(',');
  return Object.entries(value)
    .map(([key, content]) => `${key}=${content}`)
    .join(',');
}

// Array.isArray does not narrow a readonly array.
function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}

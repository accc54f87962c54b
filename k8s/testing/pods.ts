// Pods and containers in the Terraform JSON of a stack.
import { onlyResource, type SynthesisedStack } from '../../infra/core/testing/synthesise';

type Fields = Readonly<Record<string, unknown>>;

export interface Container extends Fields {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volume_mount: readonly { readonly name: string; readonly mount_path: string }[];
}

export interface Pod extends Fields {
  readonly container: readonly Container[];
  readonly init_container?: readonly Container[];
  readonly volume: readonly (Fields & { readonly name: string })[];
}

interface Workload {
  readonly spec: { readonly template: { readonly metadata: Fields; readonly spec: Pod } };
}

/** The pod of the only workload of `type`. */
export function podOf(stack: SynthesisedStack, type: string): Pod {
  return (onlyResource(stack, type) as unknown as Workload).spec.template.spec;
}

/** Labels and annotations of that pod. */
export function podMetadataOf(stack: SynthesisedStack, type: string): Fields {
  return (onlyResource(stack, type) as unknown as Workload).spec.template.metadata;
}

/** All containers of a pod in the order they run in. */
export function containersOf(pod: Pod): readonly Container[] {
  return [...(pod.init_container ?? []), ...pod.container];
}

/** The container of that name. */
export function containerOf(pod: Pod, name: string): Container {
  const found = containersOf(pod).find((container) => container.name === name);
  if (found === undefined) throw new Error(`the pod has no container ${name}`);
  return found;
}

/** Its environment as a record. */
export function variablesOf({ env }: Container): Readonly<Record<string, string>> {
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
}

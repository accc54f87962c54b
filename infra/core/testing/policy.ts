// The shape of a rule that synthesised stacks are held against. Rules read Terraform JSON, which is what gets deployed.

/** The `resource` part of one stack's Terraform JSON: type -> name -> attributes. */
export type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type Attributes = Readonly<Record<string, unknown>>;

export interface PolicyRule {
  /** The same rule in public scanners; none where it is this repository's own. */
  readonly ids: readonly string[];
  /** What holds, as a sentence about all resources of the stack. */
  readonly says: string;
  /** Addresses that break it, such as `azurerm_subnet.network_subnet_E45498CD`. */
  readonly find: (resources: Resources) => readonly string[];
}

/** A scanner's rule that is not followed, and why. */
export interface SkippedRule {
  readonly ids: readonly string[];
  readonly because: string;
}

/** A rule that each resource of one type keeps by itself. */
export function eachMust(
  type: string,
  ids: readonly string[],
  says: string,
  isGood: (attributes: Attributes) => boolean,
): PolicyRule {
  return {
    ids,
    says,
    find: (resources) =>
      allOf(resources, type)
        .filter(([, attributes]) => !isGood(attributes))
        .map(([address]) => address),
  };
}

/** Address and attributes of all resources of one type. */
export function allOf(resources: Resources, type: string): readonly (readonly [string, Attributes])[] {
  return Object.entries(resources[type] ?? {}).map(
    ([name, attributes]) => [`${type}.${name}`, attributes as Attributes] as const,
  );
}

/** The blocks under `name`, be they written as one object or as a list. */
export function blocks(attributes: Attributes, name: string): readonly Attributes[] {
  const value = attributes[name];
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]) as readonly Attributes[];
}

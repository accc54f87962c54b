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

/** Each break of a rule as `<what the rule says>: <address>`. */
export function violations(policy: readonly PolicyRule[], resources: Resources): readonly string[] {
  return policy.flatMap(({ says, find }) => find(resources).map((address) => `${says}: ${address}`));
}

/** A rule that each resource of one type keeps by itself. */
export function eachMust(
  type: string,
  ids: readonly string[],
  says: string,
  isGood: (attributes: Attributes) => boolean,
): PolicyRule {
  return ruleForEach((resources) => allOf(resources, type))(ids, says, isGood);
}

/**
 * Makes rules that each thing of one sort keeps by itself.
 * @param all every such thing among the resources, with its address
 */
export function ruleForEach<Thing>(
  all: (resources: Resources) => readonly (readonly [address: string, thing: Thing])[],
): (ids: readonly string[], says: string, isGood: (thing: Thing) => boolean) => PolicyRule {
  return (ids, says, isGood) => ({
    ids,
    says,
    find: (resources) =>
      all(resources)
        .filter(([, thing]) => !isGood(thing))
        .map(([address]) => address),
  });
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

/** The one block under `name`; `otherwise` where there is none. */
export function only(attributes: Attributes, name: string, otherwise: Attributes = {}): Attributes {
  return blocks(attributes, name)[0] ?? otherwise;
}

/** One resource `x` of each type as it must be, but for a change of the attributes of one type. */
export function changed(
  good: Readonly<Record<string, Attributes>>,
  type: string,
  change: Attributes,
): Resources {
  const all = Object.entries({ ...good, [type]: { ...good[type], ...change } });
  return Object.fromEntries(all.map(([name, attributes]) => [name, { x: attributes }]));
}

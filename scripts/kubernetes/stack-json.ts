// The parts of a synthesised stack that are read here, as Terraform's JSON has them.

export interface StackJson {
  /** Type → name → attributes. */
  readonly resource: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly variable: Readonly<Record<string, { readonly default?: unknown }>>;
}

/** Parses the file that Terraform reads. Parts that it lacks are empty. */
export function parseStack(text: string): StackJson {
  return { resource: {}, variable: {}, ...(JSON.parse(text) as Partial<StackJson>) };
}

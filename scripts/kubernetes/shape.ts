// How the blocks of Terraform's Kubernetes provider become the objects of the Kubernetes API: a small language for tables.

/** What becomes of the value of one attribute. */
export type Field = ValueField | BlockField | { readonly kind: 'terraform' };

export interface ValueField {
  /** `plain`: a text, number or boolean, or a list of those. `map`: a record whose keys are nobody's to rename. */
  readonly kind: 'plain' | 'map' | 'number' | 'number-or-text' | 'octal';
  /** The API's name where it is not the provider's in camel case. */
  readonly as?: string;
}

/** What the API has once, or in a list. The provider may write either as an object or as a list. */
export interface BlockField {
  readonly kind: 'one' | 'many';
  readonly shape: Shape;
  readonly as?: string;
}

/** The attributes of a block by the provider's names; whatever is not listed is an error. */
export type Shape = Readonly<Record<string, Field>>;

/** Attributes that keep value and name, but for `service_name` → `serviceName`. */
export const plain = (...names: readonly string[]): Shape => fields('plain', names);

/** Labels, quantities and the like. */
export const maps = (...names: readonly string[]): Shape => fields('map', names);

/** Texts of the provider that are numbers in the API. */
export const numbers = (...names: readonly string[]): Shape => fields('number', names);

/** Ports and shares: `"80"` → 80, `"http"` and `"25%"` as they are. */
export const numbersOrTexts = (...names: readonly string[]): Shape => fields('number-or-text', names);

/** File modes: `"0440"` → 288, as the API has no octal numbers. */
export const octals = (...names: readonly string[]): Shape => fields('octal', names);

/** What never reaches the cluster, such as a time limit. */
export const terraformOnly = (...names: readonly string[]): Shape => fields('terraform', names);

/** @param as the API's name where it is not the provider's in camel case */
export const one = (shape: Shape, as?: string): BlockField => block('one', shape, as);

/** @param as the API's name where it is not the provider's in camel case with an `s` */
export const many = (shape: Shape, as?: string): BlockField => block('many', shape, as);

/** An attribute that keeps its value, under another name. */
export const renamed = (as: string): ValueField => ({ kind: 'plain', as });

function fields(kind: ValueField['kind'] | 'terraform', names: readonly string[]): Shape {
  return Object.fromEntries(names.map((name) => [name, { kind }]));
}

function block(kind: 'one' | 'many', shape: Shape, as?: string): BlockField {
  return as === undefined ? { kind, shape } : { kind, shape, as };
}

// What a lint rule is.
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';

/** A rule about the whole declaration. Its id never changes and is documented in docs/lint.md. */
export interface LintRule {
  readonly id: string;
  /** One entry per fault: the object, and a message that says what is wrong, why, and what to do. */
  check(desired: Desired): readonly Fault[];
}

export type Fault = readonly [object: string, message: string];

/** A fault of an object. */
export const fault = (object: { readonly schema: string; readonly name: string }, message: string): Fault => [
  nameOf(object),
  message,
];

// Closes a union: a `kind` that is not handled becomes a compile error.

/** Always throws. It is only reached by data that the compiler has not checked, e.g. from a file. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

// Closes a union: forgetting a `kind` is a compile error.

/** Never returns; reached only when data did not come through the type system. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

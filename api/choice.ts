// A parameter or member that is one of a few words.
import { type StringOptions, type TUnsafe, Type } from '@fastify/type-provider-typebox';

/** The schema of one of these words; a union of constants would say the same in many more lines of the OpenAPI document. */
export function choice<const T extends string>(words: readonly T[], options: StringOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...words], ...options });
}

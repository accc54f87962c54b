// Parts of requests and answers that many routes share, as JSON schemas that are also TypeScript types.
import { type StringOptions, type TUnsafe, Type } from '@fastify/type-provider-typebox';
import type { FreshnessShown } from './stale-ranges';

/** The schema of one of these words. A union of constants would make the OpenAPI document much longer. */
export function choice<const T extends string>(words: readonly T[], options: StringOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...words], ...options });
}

/** The TypeScript types of JSON values that may be null. */
interface Nullable {
  readonly string: string | null;
  readonly number: number | null;
  readonly integer: number | null;
}

/** A value or null. The serialiser would try each branch of a union in turn; `nullable` is one comparison. */
export function nullable<T extends keyof Nullable>(
  type: T,
  description: string,
  options: StringOptions = {},
): TUnsafe<Nullable[T]> {
  return Type.Unsafe<Nullable[T]>({ type, nullable: true, description, ...options });
}

/** A floating-point value or null. The texts are the values that JSON has no numbers for. */
export const floating = (description: string): TUnsafe<number | string | null> =>
  Type.Unsafe<number | string | null>({
    anyOf: [
      { type: 'number', nullable: true },
      { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] },
    ],
    description,
  });

/** A time in UTC or null. */
export const nullableTime = (description: string) => nullable('string', description, { format: 'date-time' });

/** Pattern of text that PostgreSQL can store: any character but NUL. */
export const STORABLE = '^[^\\u0000]*$';

/** Routes without parameters refuse them, so that a misspelt name never changes an answer silently. */
export const NoQuery = Type.Object({}, { additionalProperties: false });

/** `next` of an answer that comes in pages. */
export const Next = nullable('string', 'Cursor of the next page; null on the last one');

/** `next` of a list whose next page is asked for with `after`. */
export const NextAfter = nullable('string', '`after` of the next page; null on the last one');

/** How fresh an aggregate is; null for raw rows, which are always current. */
export const Freshness = Type.Unsafe<FreshnessShown | null>({
  type: 'object',
  nullable: true,
  required: ['watermark', 'real_time', 'stale', 'stale_count'],
  properties: {
    watermark: nullableTime('Time up to which buckets are stored; null while no complete bucket is stored'),
    real_time: {
      type: 'boolean',
      description:
        'Whether later rows are computed into the answer; if not, they are missing until the next refresh',
    },
    stale: {
      type: 'array',
      nullable: true,
      items: Type.Object({
        from: Type.String({ format: 'date-time', description: 'Inclusive' }),
        to: Type.String({ format: 'date-time', description: 'Exclusive' }),
      }),
      description:
        'Ranges of the answer whose stored buckets are known to be out of date, because rows were changed, deleted or added late since they were computed; the first 100. null on engines postgres and citus, which do not know. Ask with source=raw for exact figures',
    },
    stale_count: nullable('integer', 'How many stale ranges there are in the range of the answer'),
  },
  description: 'Freshness of the aggregate that was read; null for raw rows',
});

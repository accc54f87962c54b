// Parts of requests and answers that many routes share, as JSON schemas that are also TypeScript types.
import { type StringOptions, type TUnsafe, Type } from '@fastify/type-provider-typebox';

/** The schema of one of these words; a union of constants would say the same in many more lines of the OpenAPI document. */
export function choice<const T extends string>(words: readonly T[], options: StringOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...words], ...options });
}

/** Pattern of text that PostgreSQL can store: any character but NUL. */
export const STORABLE = '^[^\\u0000]*$';

/** Requests that take no parameters refuse them, as a misspelt name must not change the answer silently. */
export const NoQuery = Type.Object({}, { additionalProperties: false });

/** `next` of an answer that comes in pages. */
export const Next = Type.Unsafe<string | null>({
  type: 'string',
  nullable: true,
  description: 'Cursor of the next page; null on the last one',
});

/** How fresh an aggregate is; null for raw rows, which are always. */
export const Freshness = Type.Unsafe<{ watermark: string | null; real_time: boolean } | null>({
  type: 'object',
  nullable: true,
  required: ['watermark', 'real_time'],
  properties: {
    watermark: {
      type: 'string',
      format: 'date-time',
      nullable: true,
      description: 'Up to where buckets are stored; null before the first refresh',
    },
    real_time: { type: 'boolean', description: 'Whether later rows are computed into the answer' },
  },
  description: 'Of an aggregate; null for raw rows',
});

// The options of routes that take no parameters.
import type { TSchema } from '@fastify/type-provider-typebox';
import { NoQuery } from './common-schemas';
import type { Access } from './instance';
import type { tags } from './openapi';
import { problemResponses } from './problems';

/** How a route without parameters is described. */
export interface PlainRoute<Answer extends TSchema> {
  readonly tag: keyof typeof tags;
  readonly operationId: string;
  readonly summary: string;
  readonly answer: Answer;
  /** Default: everyone with a key. */
  readonly access?: Access;
}

/** The options of a route that takes no parameters. */
export const plainRoute = <Answer extends TSchema>({
  tag,
  operationId,
  summary,
  answer,
  access = 'read',
}: PlainRoute<Answer>) => ({
  schema: {
    tags: [tag],
    operationId,
    summary,
    querystring: NoQuery,
    response: { 200: answer, ...problemResponses },
  },
  config: { access },
});

// What the operations endpoints have in common.
import { NoQuery } from '../http/common-schemas';
import { problemResponses } from '../http/problems';

/** Options of a route that takes no parameters and may be read by everyone with a key. */
export const options = <S>(operationId: string, summary: string, answer: S) => ({
  schema: {
    tags: ['operations'],
    operationId,
    summary,
    querystring: NoQuery,
    response: { 200: answer, ...problemResponses },
  },
  config: { access: 'read' } as const,
});

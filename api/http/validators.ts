// How requests are checked against their schemas. Parameters are text and are converted to their types; bodies are not converted.
import Ajv, { type Options } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';

const common: Options = {
  useDefaults: true,
  // Unknown parameters are errors: a misspelt name must not change the answer silently.
  removeAdditional: false,
  strict: false,
};

/** The compiler for `setValidatorCompiler`. */
export function validatorCompiler(): FastifySchemaCompiler<object> {
  const text = addFormats(new Ajv({ ...common, coerceTypes: 'array' }));
  const json = addFormats(new Ajv(common));
  return ({ schema, httpPart }) => (httpPart === 'body' ? json : text).compile(schema);
}

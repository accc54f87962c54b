// The OpenAPI document of an API under test, with answers checked against it.
import Ajv, { type ValidateFunction } from 'ajv';
import type { LightMyRequestResponse } from 'fastify';
import { canonicalTime } from '../http/time';
import type { ApiUnderTest } from './api-under-test';

/** A parameter as the document has it. */
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: {
    readonly type?: string;
    readonly enum?: readonly unknown[];
    readonly [key: string]: unknown;
  };
}

type Content = Readonly<Record<string, { readonly schema?: object }>>;

/** An operation of the document, with its address. */
export interface Operation {
  readonly operationId: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** What `GET /openapi.json` answers. */
export interface Document {
  readonly openapi: string;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
}

/** Reads the document as a client does. */
export async function readDocument(api: ApiUnderTest): Promise<Document> {
  return (await api.get('/openapi.json')).json();
}

/** Every operation, by address. */
export function operationsOf({ paths }: Document): readonly Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      parameters: operation.parameters ?? [],
      method: method.toUpperCase() as Operation['method'],
      path,
    })),
  );
}

// `nullable` of OpenAPI 3.0 is known to ajv; the rest of that dialect (example) says nothing about validity.
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addFormat('date-time', (text: string) => text.endsWith('Z') && canonicalTime(text) !== undefined);
ajv.addFormat('uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const validators = new WeakMap<object, ValidateFunction>();

/** How an answer differs from what the document promises; empty when it does not differ. */
export function faultsOf(operation: Operation, answer: LightMyRequestResponse): readonly string[] {
  const { statusCode, headers, body } = answer;
  const promised =
    operation.responses[String(statusCode)] ?? operation.responses[`${Math.floor(statusCode / 100)}XX`];
  if (promised === undefined) return [`status ${statusCode} is not in the document`];
  if (promised.content === undefined) return body === '' ? [] : [`status ${statusCode} has a body`];
  const mediaType = String(headers['content-type']).split(';')[0] ?? '';
  const content = promised.content[mediaType];
  if (content === undefined)
    return [`content type ${mediaType} of status ${statusCode} is not in the document`];
  if (content.schema === undefined || !mediaType.endsWith('json') || mediaType.endsWith('ndjson')) return [];
  const validate = validators.get(content.schema) ?? ajv.compile(content.schema);
  validators.set(content.schema, validate);
  return validate(JSON.parse(body))
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

// A client of schema registries with the interface of Confluent: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
// (also Karapace, Apicurio and Redpanda).
import { messageOf } from '../../db/core/errors';
import { parseJson } from '../../db/core/exact-json';
import { Unreadable } from './decoder';
import { isObject, type Row } from './members';

/** A schema, with those that it refers to: each after those that it refers to itself. */
export interface RegisteredSchema {
  readonly type: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly text: string;
  readonly references: readonly { readonly name: string; readonly text: string }[];
}

export interface SchemaRegistry {
  /**
   * A schema by its number; every number is asked for once.
   * @throws Unreadable when there is none; another error when the registry does not answer, which passes by itself.
   */
  schema(id: number): Promise<RegisteredSchema>;
}

/** Where the registry is. */
export interface RegistryOptions {
  readonly url: string;
  /** Basic authentication. The password is asked for at each request, because it may change. */
  readonly login?: { readonly username: string; readonly password: () => string };
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** How long a number stays unknown: its schema may be registered later. */
const UNKNOWN_MS = 10_000;

/** Creates the client; nothing is asked yet. */
export function schemaRegistry(options: RegistryOptions): SchemaRegistry {
  const known = new Map<number, Promise<RegisteredSchema>>();
  return {
    schema: (id) => {
      const before = known.get(id);
      if (before) return before;
      const asking = load(options, id);
      known.set(id, asking);
      asking.catch((error: unknown) => {
        if (error instanceof Unreadable) setTimeout(() => known.delete(id), UNKNOWN_MS).unref();
        else known.delete(id);
      });
      return asking;
    },
  };
}

async function load(options: RegistryOptions, id: number): Promise<RegisteredSchema> {
  const found = await get(options, `/schemas/ids/${id}`);
  if (found === undefined) throw new Unreadable(`the schema registry has no schema ${id}`);
  const { schema, schemaType = 'AVRO' } = found;
  if (typeof schema !== 'string' || !isType(schemaType))
    throw new Unreadable(`schema ${id} of the registry is of a type that is not known`);
  const references = new Map<string, string>();
  await loadReferences(options, found, references);
  return {
    type: schemaType,
    text: schema,
    references: [...references].map(([name, text]) => ({ name, text })),
  };
}

const isType = (type: unknown): type is RegisteredSchema['type'] =>
  type === 'AVRO' || type === 'PROTOBUF' || type === 'JSON';

async function loadReferences(
  options: RegistryOptions,
  { references }: Row,
  into: Map<string, string>,
): Promise<void> {
  for (const reference of Array.isArray(references) ? references.filter(isObject) : []) {
    const name = String(reference.name);
    if (into.has(name)) continue;
    const subject = encodeURIComponent(String(reference.subject));
    const found = await get(
      options,
      `/subjects/${subject}/versions/${encodeURIComponent(String(reference.version))}`,
    );
    if (typeof found?.schema !== 'string')
      throw new Unreadable(`the schema registry has no ${name}, which the schema refers to`);
    await loadReferences(options, found, into);
    into.set(name, found.schema);
  }
}

/** The answer; undefined for status 404. */
async function get(
  { url, login, timeoutMs = TIMEOUT_MS }: RegistryOptions,
  path: string,
): Promise<Row | undefined> {
  const base = url.replace(/\/+$/, '');
  const fault = (what: string, cause?: unknown): Error =>
    new Error(`the schema registry at ${base} ${what}`, { cause });
  let status: number;
  let text: string;
  try {
    const answer = await fetch(base + path, {
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(login && {
          authorization: `Basic ${Buffer.from(`${login.username}:${login.password()}`).toString('base64')}`,
        }),
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    // What fetch itself says is always the same.
    const { cause } = error as { readonly cause?: unknown };
    throw fault(`cannot be reached: ${messageOf(cause ?? error)}`, error);
  }
  if (status === 401 || status === 403)
    throw fault(
      `refuses the login (status ${status}); check TSDB_SCHEMA_REGISTRY_USERNAME and TSDB_SCHEMA_REGISTRY_PASSWORD`,
    );
  const body = jsonOf(text);
  // A proxy that does not know the path also answers with 404, but not with an error code of the registry.
  if (status === 404 && body?.error_code !== undefined) return undefined;
  if (status !== 200 || body === undefined)
    throw fault(`answers GET ${path} with status ${status}: ${text.slice(0, 200)}`);
  return body;
}

function jsonOf(text: string): Row | undefined {
  try {
    const body = parseJson(text);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

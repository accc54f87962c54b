// Checks the names and durations of declarations, and names objects in plans and messages.
import { UsageError } from '../core/errors';
import { type Duration, parseDuration } from './interval';

/** `public.sensor_data`: how an object is named in plans, messages and the journal. */
export function nameOf(object: { readonly schema: string; readonly name: string }): string {
  return object.schema === '' ? object.name : `${object.schema}.${object.name}`;
}

/** Name of the table in schema `tsdb` that holds the buckets of an emulated aggregate. */
export const materializationName = (aggregate: { readonly schema: string; readonly name: string }): string =>
  `${aggregate.schema}_${aggregate.name}`;

/**
 * Splits `schema.table` into its parts; the schema is `public` where none is given. Only lower case is accepted, because a
 * lower-case name means the same object with and without quotes. PostgreSQL's limit is 63 bytes.
 * @throws UsageError when the name cannot be used.
 */
export function qualifiedName(name: string): { schema: string; name: string } {
  const match = /^(?:([a-z_][a-z0-9_]{0,62})\.)?([a-z_][a-z0-9_]{0,62})$/.exec(name);
  if (!match?.[2]) {
    throw new UsageError(
      `"${name}" is not a usable name; write "table" or "schema.table" with lower-case letters, digits and _, at most 63 each`,
    );
  }
  return { schema: match[1] ?? 'public', name: match[2] };
}

/**
 * The name that an object of a declaration had before, as data for the declaration; nothing when there is none. A rename stays
 * in the schema of the object, so the schema may be left out.
 * @throws UsageError when the name is malformed or in another schema.
 */
export function formerName(name: string, renamedFrom: string | undefined): { readonly renamedFrom?: string } {
  if (renamedFrom === undefined) return {};
  const { schema } = qualifiedName(name);
  const former = qualifiedName(renamedFrom.includes('.') ? renamedFrom : `${schema}.${renamedFrom}`);
  if (former.schema === schema) return { renamedFrom: former.name };
  throw new UsageError(
    `${name}: renamedFrom "${renamedFrom}" is in another schema; a rename cannot move an object to schema ${schema}: move it by hand with ALTER … SET SCHEMA`,
  );
}

/**
 * Checks the durations of a declaration; `undefined` is skipped.
 * @throws UsageError that names the object when a duration is malformed.
 */
export function checkDurations(name: string, ...durations: readonly (Duration | undefined)[]): void {
  for (const duration of durations) {
    if (duration === undefined) continue;
    try {
      parseDuration(duration);
    } catch (error) {
      throw new UsageError(`${name}: ${(error as Error).message}`);
    }
  }
}

// Quoting. Names go through `ident`, values are bound as $1; `literal` is for the few places that take no parameters (DDL).

/** `ident('public', 'sensor_data')` → `"public"."sensor_data"`. */
export function ident(...parts: readonly string[]): string {
  return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
}

/** A relation's quoted, schema-qualified name. */
export function relation(object: { readonly schema: string; readonly name: string }): string {
  return ident(object.schema, object.name);
}

/** A string literal that is safe whatever `standard_conforming_strings` says. */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** An interval literal: `INTERVAL '1 day'`. */
export function interval(duration: string): string {
  return `INTERVAL ${literal(duration)}`;
}

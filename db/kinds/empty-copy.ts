// SQL that makes an empty copy of a table. It does not need the right to read the table.

/**
 * For use inside a function with the argument `source` (the quoted name of a table): the statement that creates `tsdb_canonical`
 * with the columns, types and collations of that table. CREATE TABLE … LIKE would need the right to read the rows.
 */
export const EMPTY_COPY = `(
  SELECT format('CREATE TEMP TABLE tsdb_canonical (%s)', string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
           (SELECT format('COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
             WHERE c.oid = a.attcollation)), ', ' ORDER BY a.attnum))
    FROM pg_attribute a WHERE a.attrelid = to_regclass(source) AND a.attnum > 0 AND NOT a.attisdropped)`;

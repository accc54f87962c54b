// What belongs to a database and not to its content: owner, connection limit, comment, privileges and settings.
import type { Db } from '../../db/model';

/** The statements that give the database `to` the properties of the database `from`. */
export async function databaseProperties(db: Db, from: string, to: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ statement: string }>(PROPERTIES, [from, to]);
  return rows.map(({ statement }) => statement);
}

// The server stores the value of a list as it is written in SQL, and all other values as plain text.
const LISTS = `'search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'`;

const PROPERTIES = `
  WITH old AS (SELECT d.* FROM pg_database d WHERE d.datname = $1::text)
  SELECT statement FROM (
    SELECT 1 AS place, format('ALTER DATABASE %I OWNER TO %I', $2::text, pg_get_userbyid(datdba)) AS statement FROM old
     UNION ALL
    SELECT 2, format('ALTER DATABASE %I CONNECTION LIMIT %s', $2, datconnlimit) FROM old
     UNION ALL
    SELECT 3, format('COMMENT ON DATABASE %I IS %L', $2, shobj_description(oid, 'pg_database')) FROM old
     UNION ALL
    SELECT 4, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $2) FROM old WHERE datacl IS NOT NULL
     UNION ALL
    SELECT 5, format('GRANT %s ON DATABASE %I TO %s%s', a.privilege_type, $2,
                     CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                     CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
      FROM old, aclexplode(old.datacl) a
     UNION ALL
    SELECT 6, format('ALTER %s SET %s TO %s',
                     CASE s.setrole WHEN 0 THEN format('DATABASE %I', $2)
                                    ELSE format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), $2) END,
                     g.name, CASE WHEN g.name IN (${LISTS}) THEN g.value ELSE quote_literal(g.value) END)
      FROM old JOIN pg_db_role_setting s ON s.setdatabase = old.oid, unnest(s.setconfig) c,
           LATERAL (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value) g) steps
   ORDER BY place, statement`;

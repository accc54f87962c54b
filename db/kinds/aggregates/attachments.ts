// Reads what belongs to aggregates besides their query: grants, owner, comment, and the views that read them.
import type { Db } from '../../model';
import type { Attachments } from './model';

interface AttachmentRow {
  readonly name: string;
  readonly statements: string[];
  readonly dependents: string[];
}

/**
 * Reads attachments by name.
 * @param dependents a query for the `name` of each view that reads the view with the oid `c.oid`.
 * @param alterOwner how the engine changes the owner of an aggregate, e.g. `ALTER VIEW`.
 */
export async function readAttachments(
  db: Db,
  names: readonly string[],
  { dependents, alterOwner }: { readonly dependents: string; readonly alterOwner: string },
): Promise<ReadonlyMap<string, Attachments>> {
  const { rows } = await db.query<AttachmentRow>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS name,
            ARRAY(SELECT d.name FROM (${dependents}) d ORDER BY 1) AS dependents,
            ARRAY(SELECT format('GRANT %s ON %I.%I TO %s%s', x.privilege_type, n.nspname, c.relname,
                                CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                                CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
                    FROM aclexplode(c.relacl) x WHERE x.grantee <> c.relowner ORDER BY 1)
            || ARRAY(SELECT format('COMMENT ON VIEW %I.%I IS %L', n.nspname, c.relname, obj_description(c.oid, 'pg_class'))
                      WHERE obj_description(c.oid, 'pg_class') IS NOT NULL)
            || ARRAY(SELECT format('%s %I.%I OWNER TO %I', $2::text, n.nspname, c.relname, pg_get_userbyid(c.relowner))
                      WHERE pg_get_userbyid(c.relowner) <> current_user) AS statements
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) AND c.relkind = 'v' ORDER BY 1`,
    [names, alterOwner],
  );
  return new Map(rows.map(({ name, ...attachments }) => [name, attachments]));
}

// The declared hypertables and aggregates in a database: which of them are there, and how many rows they have.
import { relation } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import type { Db } from '../../db/model';

/** A declared relation. */
export interface CountedRelation {
  /** `schema.name` */
  readonly name: string;
  /** The quoted name. */
  readonly sql: string;
  readonly kind: 'TABLE' | 'VIEW';
}

/** Splits the declared relations into those that the database has and the names of those that it lacks. */
export async function declaredRelations(
  db: Db,
  { hypertables, aggregates }: Desired,
): Promise<{ readonly present: readonly CountedRelation[]; readonly missing: readonly string[] }> {
  const declared = [
    ...hypertables.map((table) => ({ object: table, kind: 'TABLE' as const })),
    ...aggregates.map((aggregate) => ({ object: aggregate, kind: 'VIEW' as const })),
  ].map(({ object, kind }) => ({ name: nameOf(object), sql: relation(object), kind }));
  const { rows } = await db.query<{ present: boolean }>(
    'SELECT to_regclass(name) IS NOT NULL AS present FROM unnest($1::text[]) WITH ORDINALITY n (name, at) ORDER BY at',
    [declared.map(({ sql }) => sql)],
  );
  return {
    present: declared.filter((_, at) => rows[at]?.present),
    missing: declared.filter((_, at) => !rows[at]?.present).map(({ name }) => name),
  };
}

/** Exact numbers of rows, by name. Tables with row-level security are counted whole or not at all. */
export async function countRows(
  db: Db,
  relations: readonly Pick<CountedRelation, 'name' | 'sql'>[],
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { name, sql } of relations) {
    const { rows } = await db.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${sql}`);
    counts[name] = Number(rows[0]?.rows);
  }
  return counts;
}

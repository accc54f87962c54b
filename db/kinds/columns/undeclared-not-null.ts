// Columns that nobody declares any more, and that reject every new row because they are NOT NULL without a default.
import { ident, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Findings } from '../../model';
import { inPlace } from './changes';
import type { UndeclaredColumn } from './read';

/** Lets such a column be NULL; it stays, with its values. */
export function freeUndeclared({ table, name, inPrimaryKey }: UndeclaredColumn): Partial<Findings> {
  const object = nameOf(table);
  if (inPrimaryKey)
    return {
      refusals: [
        {
          object,
          what: `column ${name} is not declared, and rejects every row that is written as declared`,
          why: 'it is NOT NULL without a default, because it belongs to the primary key',
          wayOut: 'declare the column, or drop the primary key by hand',
        },
      ],
    };
  return {
    steps: [
      {
        ...inPlace(table, `column-nullable:${object}.${name}`),
        summary: `allow NULL in ${name}, which is not declared and would reject every new row; the column and its values stay`,
        sql: [`ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)} DROP NOT NULL`],
      },
    ],
  };
}

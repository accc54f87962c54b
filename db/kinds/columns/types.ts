// Columns with another type than declared: the type is changed in place, by a rewrite, or the change is refused.
import { counted } from '../../core/quantities';
import { ident, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Findings, Hazard, Refusal } from '../../model';
import { type ColumnDifference, tableRewrite } from './difference';

// ALTER TABLE fails for a value that is too long for one of these types, although a cast would cut it off.
const CUTS = /^(character|bit)/;

/** The step that changes the type of a column, or the refusal. */
export function typeChange(difference: ColumnDifference): Partial<Findings> {
  const refused = refusal(difference);
  if (refused !== undefined) return { refusals: [refused] };
  const { table, name, wanted, actual, size } = difference;
  const object = nameOf(table);
  const hazards = difference.typeChange?.rewrites ? [...tableRewrite(difference), ...loss(difference)] : [];
  const alter = `ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)}`;
  return {
    steps: [
      {
        id: `column-type:${object}.${name}`,
        object,
        action: 'change',
        summary: `change the type of ${name} from ${actual?.type} to ${wanted.type}${difference.typeChange?.rewrites ? '' : '; no row is rewritten'}`,
        // The old default may not be convertible, so it is dropped before, and the declared one is set after.
        sql: [
          ...(actual?.defaultSql == null ? [] : [`${alter} DROP DEFAULT`]),
          `${alter} TYPE ${wanted.type}`,
          ...(wanted.defaultSql === null ? [] : [`${alter} SET DEFAULT ${wanted.defaultSql}`]),
        ],
        transactional: true,
        lock: `ACCESS EXCLUSIVE on ${object}${hazards.length > 0 ? '' : ', for an instant'}`,
        hazards,
        ...(hazards.length > 0
          ? { impact: { chunks: size.chunks, rows: size.rows, bytes: size.bytes } }
          : {}),
      },
    ],
  };
}

// The reasons that exclude any change of the type come first; those about single values come last.
function refusal(difference: ColumnDifference): Refusal | undefined {
  const { table, name, wanted, actual, size, users, typeChange: change } = difference;
  const because = (why: string, wayOut: string): Refusal => ({
    object: nameOf(table),
    what: `column ${name} has type ${actual?.type}, declared ${wanted.type}`,
    why,
    wayOut,
  });
  const another = `add a column of the new type under another name and fill it: UPDATE ${relation(table)} SET new_name = ${ident(name)}::${wanted.type}`;
  if (table.kind === 'hypertable' && (table.time === name || table.hash?.by === name))
    return because(
      'the table is partitioned by this column',
      'declare a new table under another name and copy the rows',
    );
  if (users.length > 0)
    return because(
      `${users.join(', ')} ${users.length === 1 ? 'uses' : 'use'} it, and the server does not change the type of a column that a view uses`,
      `${another}; then build new aggregates on it`,
    );
  if (size.compressed.chunks > 0)
    return because(
      `TimescaleDB does not support it on a hypertable with compressed chunks (${size.compressed.chunks} of ${size.chunks})`,
      `declare the table without columnstore and apply (chunks become rows), change the type and apply, then declare columnstore again; or ${another}`,
    );
  if (change?.error != null)
    return because(
      `the server has no automatic cast for it: ${change.error}`,
      `${another}, or use another expression there`,
    );
  if (change?.survival.kind === 'counted' && change.survival.changed > 0 && CUTS.test(wanted.type))
    return because(
      `${counted(change.survival.changed, 'value')} would be cut off`,
      `shorten those values first; or ${another}`,
    );
  if (change?.survival.kind === 'fails')
    return because(
      `not every value fits: ${change.survival.error}`,
      `correct those values first; or ${another}`,
    );
  return undefined;
}

// A conversion may round values (12.7 to 13). If they could not be counted, a loss is assumed.
function loss({ table, name, wanted, size, typeChange: change }: ColumnDifference): readonly Hazard[] {
  const { survival } = change ?? {};
  if (change?.lossless || size.rows === 0 || (survival?.kind === 'counted' && survival.changed === 0))
    return [];
  return [
    {
      name: 'deletes-data',
      reason:
        survival?.kind === 'counted'
          ? `rounds ${counted(survival.changed, 'value')} of ${name} in ${nameOf(table)} to ${wanted.type}`
          : `checking whether every value of ${name} in ${nameOf(table)} fits into ${wanted.type} took too long for the plan; values that do not fit are rounded, or the step fails`,
    },
  ];
}

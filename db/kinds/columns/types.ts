// A column of another type than declared: changed in place, by a rewrite, or refused.
import { counted } from '../../core/quantities';
import { ident, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Findings, Hazard, Refusal } from '../../model';
import { type ColumnDifference, tableRewrite } from './difference';

// An assignment to these ends with an error where a cast would cut off.
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
        summary: `type of ${name}: ${wanted.type}, before ${actual?.type}${difference.typeChange?.rewrites ? '' : '; stored alike, nothing is rewritten'}`,
        // The old default may have no cast of its own, so it goes before and the declared one comes after.
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

// In the order of what helps most: who cannot change the type at all need not hear about single values.
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
      'its rows are partitioned by it',
      'declare a new table under another name, and copy the rows',
    );
  if (users.length > 0)
    return because(
      `${users.join(', ')} ${users.length === 1 ? 'uses' : 'use'} it, and the server does not change a column under a view`,
      `${another}; then build new aggregates on it`,
    );
  if (size.compressed.chunks > 0)
    return because(
      `operation not supported on hypertables with compressed chunks (${size.compressed.chunks} of ${size.chunks})`,
      `declare the table without columnstore and apply (chunks become rows), change the type and apply, then declare columnstore again; or ${another}`,
    );
  if (change?.error != null)
    return because(
      `the server has no cast that it would use by itself: ${change.error}`,
      `${another}, or with an expression of your own`,
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

// Casts in assignments may round (12.7 to 13). What could not be counted is assumed.
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

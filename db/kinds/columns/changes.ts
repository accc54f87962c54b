// Columns that exist and differ: the steps that change them in place, or the refusals. Changes of the type are in types.ts.
import { counted } from '../../core/quantities';
import { ident, relation } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Findings, Hazard, Refusal, Step } from '../../model';
import { forExample } from '../offending-rows';
import type { ColumnDifference } from './difference';
import { needsRowsWithoutNull } from './read';
import { typeChange } from './types';

/** Steps and refusals for an existing column: first its type, then its default, then NOT NULL, as each may need the ones before. */
export function changes(difference: ColumnDifference): Partial<Findings> {
  const { wanted, actual } = difference;
  if (actual === undefined) return {};
  if (wanted.error !== null)
    return {
      refusals: [
        refusal(
          difference,
          'has a declaration that the server does not understand',
          wanted.error,
          'correct the type or the default',
        ),
      ],
    };
  if (actual.generated) return { refusals: [generated(difference)] };
  const found: Partial<Findings>[] = [];
  const typed = actual.type !== wanted.type;
  if (typed) found.push(typeChange(difference));
  // A change of the type also drops the old default before it and sets the declared one after it.
  else if (actual.defaultSql !== wanted.defaultSql) found.push({ steps: [defaultStep(difference)] });
  if (needsRowsWithoutNull(actual, wanted)) found.push(refuseNull(difference));
  else if (wanted.nullable && !actual.nullable) found.push(allowNull(difference));
  return {
    steps: found.flatMap(({ steps = [] }) => steps),
    refusals: found.flatMap(({ refusals = [] }) => refusals),
  };
}

function defaultStep({ table, name, wanted, actual }: ColumnDifference): Step {
  return {
    ...inPlace(table, `column-default:${nameOf(table)}.${name}`),
    summary:
      wanted.defaultSql === null
        ? `drop the default of ${name} (${actual?.defaultSql})`
        : `change the default of ${name} from ${actual?.defaultSql ?? 'none'} to ${wanted.defaultSql}; existing rows stay as they are`,
    sql: [
      `ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)} ${wanted.defaultSql === null ? 'DROP DEFAULT' : `SET DEFAULT ${wanted.defaultSql}`}`,
    ],
  };
}

function allowNull(difference: ColumnDifference): Partial<Findings> {
  const { table, name } = difference;
  if (table.kind === 'hypertable' && table.time === name) {
    return {
      refusals: [
        refusal(
          difference,
          'refuses NULL, declared nullable',
          'it is the time column, which must always have a value',
          'declare it with notNull()',
        ),
      ],
    };
  }
  return {
    steps: [
      {
        ...inPlace(table, `column-nullable:${nameOf(table)}.${name}`),
        summary: `allow NULL in ${name}`,
        sql: [`ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)} DROP NOT NULL`],
      },
    ],
  };
}

function refuseNull(difference: ColumnDifference): Partial<Findings> {
  const { table, name, nulls, size, actual } = difference;
  const object = nameOf(table);
  if (nulls !== undefined && nulls.count > 0) {
    const value = difference.wanted.defaultSql ?? '…';
    return {
      refusals: [
        refusal(
          difference,
          actual?.notValid
            ? 'is NOT NULL only for new rows (NOT VALID), declared NOT NULL'
            : 'allows NULL, declared NOT NULL',
          `it is NULL in ${counted(nulls.count, 'row')}${forExample(nulls)}`,
          `fill in a value, for example with UPDATE ${relation(table)} SET ${ident(name)} = ${value} WHERE ${ident(name)} IS NULL; then apply again`,
        ),
      ],
    };
  }
  const hazards: readonly Hazard[] =
    size.rows === 0
      ? []
      : [
          {
            name: 'blocks-writes',
            reason: `nobody can read or write ${object} while the step checks about ${counted(size.rows, 'row')}; ${nulls === undefined ? 'counting NULL values took too long for the plan, and the step fails if it finds one' : 'there were no NULL values when this was planned'}`,
          },
        ];
  return {
    steps: [
      {
        ...inPlace(table, `column-not-null:${object}.${name}`),
        summary: actual?.notValid
          ? `check that no row has NULL in ${name}, which is NOT NULL only for new rows (NOT VALID)`
          : `set ${name} NOT NULL`,
        sql: [`ALTER TABLE ${relation(table)} ALTER COLUMN ${ident(name)} SET NOT NULL`],
        lock: `ACCESS EXCLUSIVE on ${object}, while its rows are read`,
        hazards,
      },
    ],
  };
}

export function inPlace(
  table: ColumnDifference['table'],
  id: string,
): Pick<Step, 'id' | 'object' | 'action' | 'transactional' | 'lock' | 'hazards'> {
  const object = nameOf(table);
  return {
    id,
    object,
    action: 'change',
    transactional: true,
    lock: `ACCESS EXCLUSIVE on ${object}, for an instant`,
    hazards: [],
  };
}

function generated(difference: ColumnDifference): Refusal {
  return refusal(
    difference,
    'is generated by the server, declared as a plain column',
    'the declaration does not say whether its values are kept or computed again',
    'drop the expression or identity by hand (ALTER COLUMN … DROP EXPRESSION or DROP IDENTITY), or take the column out of the declaration',
  );
}

const refusal = ({ table, name }: ColumnDifference, what: string, why: string, wayOut: string): Refusal => ({
  object: nameOf(table),
  what: `column ${name} ${what}`,
  why,
  wayOut,
});

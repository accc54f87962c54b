// Rules about former names: a former name belongs to one object only, and to none that is declared now.
import { type Desired, tablesOf } from '../language/desired';
import { type FormerName, formerNames } from '../language/former-names';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

export const renameRules: readonly LintRule[] = [
  {
    id: 'TS022',
    check: (desired) => {
      const all = formerNames(desired);
      return all.flatMap((former) => {
        const clash = clashOf(desired, all, former);
        if (clash === undefined) return [];
        const { object, to, from } = former;
        return [
          fault(
            object,
            `declares ${isColumn(former) ? `its column ${to}` : 'itself'} as renamed from ${from}, ${clash}: it would be unclear which rows or values belong to which name. Correct or remove renamedFrom`,
          ),
        ];
      });
    },
  },
];

function clashOf(desired: Desired, all: readonly FormerName[], former: FormerName): string | undefined {
  const { object, from, to } = former;
  if (from === to) return 'which is its present name';
  const declared = isColumn(former)
    ? (object.columnNames as readonly string[]).includes(from)
    : [...tablesOf(desired), ...desired.aggregates].some((one) => nameOf(one) === formerOf(former));
  if (declared) return 'which is declared as well';
  return all.some((other) => other !== former && formerOf(other) === formerOf(former))
    ? 'and so is another one'
    : undefined;
}

const isColumn = ({ of }: FormerName): boolean => of === 'column' || of === 'aggregate-column';

/** The full former name; that of a column begins with the present name of its object. */
const formerOf = (former: FormerName): string =>
  isColumn(former)
    ? `${nameOf(former.object)}.${former.from}`
    : nameOf({ schema: former.object.schema, name: former.from });

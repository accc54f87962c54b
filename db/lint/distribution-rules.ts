// Rules about where rows are on an engine that distributes them.
import { tablesOf } from '../language/desired';
import { missingIn } from '../language/distribution';
import { fault, type LintRule } from './rule';

export const distributionRules: readonly LintRule[] = [
  {
    id: 'TS029',
    check: (desired) =>
      tablesOf(desired).flatMap((table) => {
        const { distributeBy } = table;
        if (distributeBy === undefined) return [];
        return missingIn(table, distributeBy).map((key) =>
          fault(
            table,
            `is distributed by ${distributeBy}, but its unique key ${key} does not have that column: each server can only keep its own rows unique. Add the column to the key, or distribute by a column of the key`,
          ),
        );
      }),
  },
  {
    id: 'TS030',
    check: ({ hypertables }) =>
      hypertables
        .filter(({ distributeBy, time }) => distributeBy === time)
        .map((table) =>
          fault(
            table,
            `is distributed by its time: rows of one series would be on many servers, and each of its queries would ask all of them. Distribute by what names a series, for example a sensor`,
          ),
        ),
  },
];

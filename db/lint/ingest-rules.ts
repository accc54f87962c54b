// Rules about the names of points that tables take.
import type { Hypertable } from '../language/hypertable';
import { type Fault, fault, type LintRule } from './rule';

export const ingestRules: readonly LintRule[] = [
  {
    id: 'TS024',
    check: ({ hypertables }) => {
      const owners = new Map<string, Hypertable>();
      for (const table of hypertables)
        for (const name of ownNames(table)) if (!owners.has(name)) owners.set(name, table);
      return hypertables.flatMap((table) =>
        declaredNames(table).flatMap((name): readonly Fault[] => {
          const owner = owners.get(name) ?? table;
          owners.set(name, owner);
          return owner === table
            ? []
            : [
                fault(
                  table,
                  `takes ${name === '*' ? 'every name' : `the name ${name}`} of points (ingest.names), and so does ${owner.schema}.${owner.name}: it would be unclear where a point goes. Leave the name to one of them`,
                ),
              ];
        }),
      );
    },
  },
];

const ownNames = ({ schema, name }: Hypertable): readonly string[] => [
  schema === 'public' ? name : `${schema}.${name}`,
];

const declaredNames = ({ ingest }: Hypertable): readonly string[] => [ingest?.names ?? []].flat();

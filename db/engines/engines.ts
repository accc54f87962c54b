// The kinds of each engine, in creation order.
import { aggregates } from '../kinds/aggregates';
import { columns } from '../kinds/columns';
import { functions } from '../kinds/functions';
import { hypertables } from '../kinds/hypertables';
import { indexes } from '../kinds/indexes';
import { internals, internalsSql } from '../kinds/internals';
import { policies } from '../kinds/policies';
import { schemas } from '../kinds/schemas';
import { tables } from '../kinds/tables';
import type { BoundKind, Desired, EngineName, Kind } from '../model';
import { postgresAggregates } from './postgres/aggregates';
import { postgresHypertables } from './postgres/hypertables';
import { postgresPolicies } from './postgres/policies';
import { runtimeSql } from './postgres/runtime';
import { timescaleAggregates } from './timescaledb/aggregates';
import { columnstore } from './timescaledb/columnstore';
import { extension } from './timescaledb/extension';
import { timescaleHypertables } from './timescaledb/hypertables';
import { timescalePolicies } from './timescaledb/policies';

/** Everything an engine reconciles. Internals come first: they hold the journal. Policies come last: they start to act as soon as they are committed. */
export function kindsOf(engine: EngineName): readonly BoundKind[] {
  if (engine === 'timescaledb') {
    return [
      bind(internals(internalsSql())),
      bind(extension),
      bind(schemas),
      bind(functions),
      bind(tables),
      bind(hypertables(timescaleHypertables)),
      bind(columns),
      bind(indexes),
      bind(columnstore),
      bind(aggregates(timescaleAggregates)),
      bind(policies(timescalePolicies)),
    ];
  }
  return [
    bind(internals(internalsSql(), runtimeSql())),
    bind(schemas),
    bind(functions),
    bind(tables),
    bind(hypertables(postgresHypertables)),
    bind(columns),
    bind(indexes),
    bind(noColumnstore),
    bind(aggregates(postgresAggregates)),
    bind(policies(postgresPolicies)),
  ];
}

/** Columnstore cannot be emulated; saying so is all that is left. */
const noColumnstore: Kind<null> = {
  name: 'columnstore',
  read: async () => null,
  compare: ({ hypertables: tables }: Desired) => {
    const declared = tables.filter((table) => table.columnstore !== undefined).map((table) => table.name);
    return {
      unavailable:
        declared.length > 0
          ? [`columnstore (compression) of ${declared.join(', ')}: needs TimescaleDB Community`]
          : [],
    };
  },
};

function bind<State>(kind: Kind<State>): BoundKind {
  return {
    name: kind.name,
    find: async (db, desired) => kind.compare(desired, await kind.read(db, desired)),
  };
}

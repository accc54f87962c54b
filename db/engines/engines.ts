// The kinds of each engine, in creation order.
import { aggregatesAndPolicies } from '../kinds/aggregates/policies';
import { columns } from '../kinds/columns/columns';
import { forgottenRenames } from '../kinds/forgotten-renames';
import { functions } from '../kinds/functions';
import { hypertables } from '../kinds/hypertables';
import { indexes } from '../kinds/indexes';
import { internals, internalsSql } from '../kinds/internals';
import { renames } from '../kinds/renames';
import { roles } from '../kinds/roles';
import { rowSecurity } from '../kinds/row-security';
import { schemas } from '../kinds/schemas';
import { tables } from '../kinds/tables';
import { undeclared } from '../kinds/undeclared/undeclared';
import type { Relation } from '../language/aggregate';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { EngineName, Kind, PlanOptions } from '../model';
import { columnar } from './citus/columnar';
import { distribution } from './citus/distribution';
import { citusHypertables } from './citus/hypertables';
import { citusSql } from './citus/runtime';
import { tablePlacement } from './citus/table-placement';
import { emulatedAggregates } from './postgres/aggregates';
import { emulatedColumns } from './postgres/column-facts';
import { postgresHypertables } from './postgres/hypertables';
import { emulatedPolicies } from './postgres/policies';
import { emulatedRenames } from './postgres/renames';
import { runtimeSql } from './postgres/runtime';
import { emulatedUndeclared } from './postgres/undeclared';
import { timescaleAggregates } from './timescaledb/aggregates';
import { chunkSkipping } from './timescaledb/chunk-skipping';
import { timescaleColumns } from './timescaledb/column-facts';
import { aggregateColumnstore, columnstore, undeclaredColumnstore } from './timescaledb/columnstore';
import { extension } from './timescaledb/extension';
import { timescaleHypertables } from './timescaledb/hypertables';
import { timescalePolicies } from './timescaledb/policies';
import { timescaleRenames } from './timescaledb/renames';
import { reorder } from './timescaledb/reorder';
import { timescaleUndeclared } from './timescaledb/undeclared';

/**
 * Every kind that an engine reconciles, in the order of its steps. Internals come first, because they hold the journal. Renames
 * come before everything that has a name. Policies come last, because they act as soon as they are committed. A columnstore is
 * switched off only after its policy is gone. What is not declared is dropped at the end, when nothing declared reads it any more.
 */
export function kindsOf(engine: EngineName, options: PlanOptions = {}): readonly Kind[] {
  if (engine === 'timescaledb') {
    const { aggregates, policies } = aggregatesAndPolicies(timescaleAggregates, timescalePolicies);
    return [
      internals(internalsSql()),
      extension,
      schemas,
      renames(timescaleRenames),
      functions,
      tables(),
      hypertables(timescaleHypertables),
      columns(timescaleColumns),
      indexes('timescaledb'),
      columnstore,
      chunkSkipping,
      aggregates,
      aggregateColumnstore,
      roles,
      rowSecurity,
      reorder,
      policies,
      undeclaredColumnstore,
      undeclared(timescaleUndeclared, options),
      forgottenRenames(timescaleRenames),
    ];
  }
  const { aggregates, policies } = aggregatesAndPolicies(
    emulatedAggregates(engine),
    emulatedPolicies(engine),
  );
  return [
    internals(internalsSql(), runtimeSql(), ...(engine === 'citus' ? [citusSql()] : [])),
    schemas,
    renames(emulatedRenames(engine)),
    functions,
    tables(engine === 'citus' ? tablePlacement : undefined),
    hypertables(engine === 'citus' ? citusHypertables : postgresHypertables),
    columns(emulatedColumns(engine)),
    indexes(engine),
    ...(engine === 'citus' ? [columnar] : []),
    noColumnstore(engine),
    aggregates,
    ...(engine === 'citus' ? [distribution] : []),
    roles,
    rowSecurity,
    policies,
    undeclared(emulatedUndeclared(engine), options),
    forgottenRenames(emulatedRenames(engine)),
  ];
}

/** A columnstore cannot be emulated on plain PostgreSQL, and its details nowhere, so this kind only reports that. */
const noColumnstore = (engine: EngineName): Kind<null> => ({
  name: 'columnstore',
  read: async () => null,
  compare: ({ hypertables: tables, aggregates: views }: Desired) => {
    const names = (objects: readonly Relation[]): string => objects.map(nameOf).join(', ');
    const stored = [...tables, ...views].filter(({ columnstore: declared }) => declared !== undefined);
    const skipping = tables.filter(({ chunkSkipping: columnNames = [] }) => columnNames.length > 0);
    const reordered = tables.filter(({ reorder: by }) => by !== undefined);
    return {
      unavailable: [
        ...(stored.length > 0 && engine === 'postgres'
          ? [`columnstore (compression) of ${names(stored)}: needs TimescaleDB Community`]
          : []),
        ...(reordered.length > 0
          ? [`reorder policy of ${names(reordered)}: needs TimescaleDB Community`]
          : []),
        ...(skipping.length > 0 ? [`chunk skipping on ${names(skipping)}: needs TimescaleDB Community`] : []),
      ],
    };
  },
});

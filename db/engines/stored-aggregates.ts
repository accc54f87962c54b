// Reads one stored aggregate together with the aggregates that it is built on.
import { DatabaseError } from '../core/errors';
import { invocation } from '../core/invocation';
import type { AggregateDialect, StoredAggregate } from '../kinds/aggregates/model';
import type { Db, EngineName } from '../model';
import { emulatedAggregates } from './postgres/aggregates';
import { timescaleAggregates } from './timescaledb/aggregates';

const dialectFor = (engine: EngineName): AggregateDialect =>
  engine === 'timescaledb' ? timescaleAggregates : emulatedAggregates(engine);

/** A stored aggregate, and by name also all aggregates that it is built on, directly or not. */
export interface StoredWithSources {
  readonly aggregate: StoredAggregate;
  readonly states: ReadonlyMap<string, StoredAggregate>;
}

/**
 * @param name `schema.name`
 * @throws DatabaseError when the aggregate does not exist.
 */
export async function readStored(db: Db, engine: EngineName, name: string): Promise<StoredWithSources> {
  const states = new Map<string, StoredAggregate>();
  for (let next: string | undefined = name; next !== undefined && !states.has(next); ) {
    const [found]: readonly StoredAggregate[] = await dialectFor(engine).read(db, [next]);
    if (found !== undefined) states.set(next, found);
    next = found?.source;
  }
  const aggregate = states.get(name);
  if (aggregate === undefined)
    throw new DatabaseError(`continuous aggregate ${name} does not exist; run "${invocation('apply')}"`);
  return { aggregate, states };
}

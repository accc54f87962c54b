// Finds the table of a point by its name.
import type { IngestTable } from '../rows';

/** Finds tables by the names of points. */
export interface Routing {
  /** The table of the name, or why there is none. */
  tableFor(name: string): IngestTable | string;
  /** Whether the table takes the name when the address of a request names the table. */
  takes(table: IngestTable, name: string): boolean;
}

/**
 * A point goes to the table of its name, else to the table that declares the name, else to the table that takes every name (`*`).
 * A name without a PostgreSQL schema also finds a table in another schema, as long as only one selected table has it.
 */
export function routing(tables: Iterable<IngestTable>): Routing {
  const all = [...tables];
  const named = new Map(all.map((table) => [table.name, table]));
  const declared = new Map(
    all.flatMap((table) => declaredNames(table).map((name): [string, IngestTable] => [name, table])),
  );
  const others = all.find(({ hypertable }) => hypertable.ingest?.names === '*');
  const bare = new Map<string, IngestTable[]>();
  for (const table of all)
    bare.set(table.hypertable.name, [...(bare.get(table.hypertable.name) ?? []), table]);

  return {
    tableFor: (name) => {
      const sameName = bare.get(name) ?? [];
      const known = named.get(name) ?? declared.get(name) ?? (sameName.length === 1 ? sameName[0] : others);
      if (known) return known;
      const shown = JSON.stringify(name.slice(0, 60));
      return sameName.length > 1
        ? `several tables are named ${shown}; write ${sameName.map((table) => table.name).join(' or ')}`
        : `no table takes ${shown}; declare it in ingest.names of a table, or select set "telemetry", which takes every name`;
    },
    takes: (table, name) =>
      name === table.name ||
      name === table.hypertable.name ||
      table.hypertable.ingest?.names === '*' ||
      declaredNames(table).includes(name),
  };
}

function declaredNames({ hypertable }: IngestTable): readonly string[] {
  const names = hypertable.ingest?.names ?? [];
  return names === '*' ? [] : names;
}

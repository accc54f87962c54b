// Kind: where Citus has the rows of what exists already, compared with the declaration.
import { counted, describeImpact } from '../../core/quantities';
import { relation } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { type DeclaredTable, type Desired, relationsOf, tablesOf } from '../../language/desired';
import { describePlacement, missingIn, type Placement, placementOf } from '../../language/distribution';
import { materializationName, nameOf } from '../../language/names';
import type { Db, Hazard, Impact, Kind, Refusal, Step } from '../../model';
import { readTableSizes } from '../../server/table-size';
import { distribute, storedIn } from './distribute';

type Declared = DeclaredTable | ContinuousAggregate;

/** A table as Citus knows it. */
interface PlacedTable {
  /** `schema.name` of the table that holds the rows. */
  readonly name: string;
  readonly kind: Placement['kind'];
  readonly by: string | null;
  readonly shards: number;
  readonly nodes: number;
}

interface DistributionState {
  readonly placed: ReadonlyMap<string, PlacedTable>;
  /** Sizes of what is to be distributed although it exists, by name of the declared object. */
  readonly sizes: ReadonlyMap<string, Impact>;
}

// A table of the method `n` without replication is one that Citus knows, but does not distribute.
const PLACED = `
  SELECT format('%s.%s', n.nspname, c.relname) AS name,
         CASE WHEN p.partmethod = 'h' THEN 'distributed' WHEN p.partmethod = 'n' AND p.repmodel = 't' THEN 'reference' ELSE 'coordinator' END AS kind,
         CASE WHEN p.partmethod = 'h' THEN column_to_column_name(p.logicalrelid, p.partkey) END AS by,
         count(DISTINCT s.shardid)::int AS shards, count(DISTINCT l.groupid)::int AS nodes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_dist_partition p ON p.logicalrelid = c.oid
    LEFT JOIN pg_dist_shard s ON s.logicalrelid = c.oid
    LEFT JOIN pg_dist_placement l ON l.shardid = s.shardid
   WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) GROUP BY 1, 2, 3 ORDER BY 1`;

export const distribution: Kind<DistributionState> = {
  name: 'distribution',
  async read(db, desired) {
    const { rows } = await db.query<PlacedTable>(PLACED, [declaredIn(desired).map(storedName)]);
    const placed = new Map(rows.map((row) => [row.name, row]));
    const moving = declaredIn(desired).filter((object) => {
      const state = placed.get(storedName(object));
      return state?.kind === 'coordinator' && placementOf(object).kind !== 'coordinator';
    });
    return { placed, sizes: await sizesOf(db, moving) };
  },
  compare(desired, { placed, sizes }) {
    const steps: Step[] = [];
    const refusals: Refusal[] = [];
    for (const object of declaredIn(desired)) {
      const state = placed.get(storedName(object));
      const wanted = placementOf(object);
      // What does not exist yet is distributed by the step that creates it.
      if (state === undefined || isPlaced(state, wanted)) continue;
      if (state.kind === 'coordinator') steps.push(distributeStep(object, wanted, sizes.get(nameOf(object))));
      else refusals.push(otherPlacement(object, state, wanted));
    }
    return {
      steps,
      refusals: [
        ...refusals,
        ...tablesOf(desired).flatMap(wrongKey),
        ...tablesOf(desired).flatMap(settingsInPolicies),
      ],
      distributed: described(desired, placed),
    };
  },
};

const declaredIn = (desired: Desired): readonly Declared[] => [...desired.tables, ...relationsOf(desired)];

const storedName = (object: Declared): string =>
  object.kind === 'aggregate' ? `tsdb.${materializationName(object)}` : nameOf(object);

const sizesOf = (db: Db, objects: readonly Declared[]): Promise<ReadonlyMap<string, Impact>> =>
  readTableSizes(db, 'citus', objects);

const isPlaced = (state: PlacedTable, wanted: Placement): boolean =>
  state.kind === wanted.kind && (wanted.kind !== 'distributed' || state.by === wanted.by);

function distributeStep(object: Declared, wanted: Placement, size: Impact | undefined): Step {
  const table = object.kind === 'table' ? relation(object) : storedIn(object);
  const hasRows = size !== undefined && size.rows > 0;
  const hazards: readonly Hazard[] = hasRows
    ? [
        { name: 'rewrites-data', reason: `copies ${describeImpact(size)} to the nodes of the cluster` },
        { name: 'blocks-writes', reason: `writes to ${nameOf(object)} wait until its rows are copied` },
      ]
    : [];
  return {
    id: `distribute:${nameOf(object)}`,
    object: nameOf(object),
    action: 'change',
    summary: `on the coordinator → ${describePlacement(wanted)}`,
    sql: distribute(table, wanted),
    transactional: true,
    lock: `SHARE ROW EXCLUSIVE on ${nameOf(object)}`,
    hazards,
    ...(hasRows ? { impact: size } : {}),
  };
}

function otherPlacement(object: Declared, state: PlacedTable, wanted: Placement): Refusal {
  const table = object.kind === 'table' ? relation(object) : storedIn(object);
  const byHand =
    wanted.kind === 'distributed' && state.kind === 'distributed'
      ? `SELECT alter_distributed_table('${table}', distribution_column => '${wanted.by}')`
      : `SELECT undistribute_table('${table}')`;
  return {
    object: nameOf(object),
    what: `is ${describeState(state)}, declared ${describePlacement(wanted)}`,
    why: 'a change rewrites every row and blocks reads and writes meanwhile',
    wayOut: `declare it as it is, or run "${byHand}" at a quiet hour and apply again`,
  };
}

function wrongKey(table: DeclaredTable): readonly Refusal[] {
  // A declared column is checked before any SQL, by lint rule TS029.
  if (table.kind === 'table' || placementOf(table).kind !== 'coordinator') return [];
  const by = table.hash?.by ?? table.columnstore?.segmentBy[0];
  const keys = by === undefined ? [] : missingIn(table, by);
  if (by === undefined || keys.length === 0) return [];
  return [
    {
      object: nameOf(table),
      what: `cannot be distributed by ${by}: its unique key (${keys.join('), (')}) does not have that column`,
      why: 'each server can only keep its own rows unique',
      wayOut: `add ${by} to the key, or declare distributeBy with a column that every unique key has`,
    },
  ];
}

// A worker evaluates the policy of its rows. It does not know the settings of the session on the coordinator, takes them for empty,
// and gives no rows: an answer that looks right.
function settingsInPolicies(table: DeclaredTable): readonly Refusal[] {
  const placement = placementOf(table);
  if (placement.kind !== 'distributed') return [];
  const reading = (table.rowSecurity ?? []).filter(({ using, check }) =>
    /\bcurrent_setting\s*\(/i.test(`${using ?? ''} ${check ?? ''}`),
  );
  return reading.map(({ name }) => ({
    object: nameOf(table),
    what: `is ${describePlacement(placement)}, and its row policy ${name} reads a setting of the session`,
    why: 'settings do not reach the other servers, where the policy would hide every row without an error',
    wayOut: 'let the policy compare with current_user, and give each tenant a role',
  }));
}

const describeState = ({ kind, by }: PlacedTable): string =>
  describePlacement(kind === 'distributed' ? { kind, by: by ?? '' } : { kind });

/** One line for each place: `by sensor_id, 32 shards on 2 nodes: public.sensor_data, public.sensor_data_hourly`. */
function described(desired: Desired, placed: ReadonlyMap<string, PlacedTable>): readonly string[] {
  const lines = new Map<string, string[]>();
  for (const object of declaredIn(desired)) {
    const state = placed.get(storedName(object));
    if (state === undefined) continue;
    const place =
      state.kind === 'distributed'
        ? `by ${state.by}, ${counted(state.shards, 'shard')} on ${counted(state.nodes, 'node')}`
        : describeState(state);
    lines.set(place, [...(lines.get(place) ?? []), nameOf(object)]);
  }
  return [...lines].map(([place, names]) => `${place}: ${names.join(', ')}`);
}

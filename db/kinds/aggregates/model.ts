// Types of the aggregates kind: what it reads, and what an engine contributes.
import type { ContinuousAggregate, Relation } from '../../language/aggregate';
import type { Db, EngineName, Hazard, Impact } from '../../model';

/** An aggregate as an engine stores it. */
export interface StoredAggregate {
  readonly name: string;
  readonly realTime: boolean;
  /** Name of the relation that it reads. */
  readonly source: string;
  /** The table that holds its buckets. */
  readonly stored: { readonly schema: string; readonly name: string };
  /** The width of its buckets as stored, ISO 8601. */
  readonly width: string;
  /** An SQL expression for the time up to which it is stored. */
  readonly watermark: string;
  /** Its query as the server prints it, and how many columns that has. */
  readonly definition: string;
  readonly columns: number;
  /** The query of one refresh, for its columns. */
  readonly query: string;
  /** The buckets from $1 to $2, computed from the source rows that exist now. */
  readonly recompute: string;
  /** A query with the column `range`: the time ranges of the chunks of its source. */
  readonly sourceChunks: string;
  /** The query that refreshes it, on an engine that keeps one besides the definition. */
  readonly refreshQuery?: string;
}

/** A stored aggregate, compared with the declared one. */
export interface AggregateState extends StoredAggregate {
  /** Whether its stored query is the declared one. */
  readonly asDeclared: boolean;
  /** How many declared columns are missing at its end, when that is the only difference; otherwise 0. */
  readonly appended: number;
}

/** What belongs to an aggregate besides its query and must not get lost when it is replaced. */
export interface Attachments {
  /** Statements that set grants, owner and comment for the relation with that name. */
  readonly statements: readonly string[];
  /** Views that read it. They keep reading the replaced aggregate, because they do not follow its name. */
  readonly dependents: readonly string[];
}

/** What somebody has put on columns of an aggregate by hand. */
export interface ColumnAttachment {
  /** `index mine`, `grants on column n`, `the comment on column n`. */
  readonly what: string;
  /** The columns that it needs. */
  readonly columns: readonly string[];
  /** Sets it on the relation with that name; null for an index. */
  readonly statement: string | null;
  /** Null for what is no index, and for a unique one, which an aggregate cannot have. */
  readonly index: HandMadeIndex | null;
}

/** An index that somebody has made on an aggregate. */
export interface HandMadeIndex {
  readonly name: string;
  /** What follows USING in CREATE INDEX. */
  readonly definition: string;
}

/** How much a change of an aggregate would read, and what it could not compute again. */
export interface Figures {
  /** The source that is read. */
  readonly impact: Impact;
  readonly gone: Gone;
  /** What was compared: the stored aggregate, and what it would be computed from. */
  readonly compared: StoredAggregate;
  /** The relation that it is rebuilt from, when that is not the one that it reads now. */
  readonly otherSource?: string;
  /** Why the stored buckets could not be compared with their source, when the stored query fails on it. `gone` has all of them then. */
  readonly unknown?: string;
}

/** Stored buckets whose source rows are not all there any more, see `goneBuckets`. */
export interface Gone {
  readonly buckets: number;
  /** Rows in these buckets that lose source rows, e.g. one for each device. */
  readonly rows: number;
  /** All rows in these buckets. A refresh that leaves the buckets out keeps them. */
  readonly kept: number;
  /** Start of the first and end of the last of them, ISO 8601; null when there is none. */
  readonly from: string | null;
  readonly to: string | null;
}

/** An aggregate that changes, and the relation (`origin`) that it would be computed from again. */
export interface Changing {
  readonly aggregate: ContinuousAggregate;
  /** Absent when the aggregate is new. */
  readonly state?: AggregateState;
  readonly origin: Relation;
}

/** Which aggregates change, and how. */
export interface Evolution {
  /** Aggregates that get more columns at their end, in place. */
  readonly grown: readonly Changing[];
  /** Aggregates that are built under another name and swapped in, sources first. */
  readonly rebuilt: readonly Changing[];
}

/** One aggregate of a swap: `next` takes the name of `aggregate`. */
export interface Replacement {
  readonly aggregate: ContinuousAggregate;
  readonly next: ContinuousAggregate;
  /** False when there is no aggregate with that name yet. */
  readonly replaces: boolean;
}

/** Everything that the kind has read. */
export interface AggregatesState {
  readonly states: ReadonlyMap<string, AggregateState>;
  readonly evolution: Evolution;
  /** What other relations are that have a needed name: `public.x` → `a table`. */
  readonly occupied: ReadonlyMap<string, string>;
  /** Keys of tsdb.pending_refresh, newest first: aggregates that must still be filled, and parts of an unfinished rebuild. */
  readonly pending: readonly string[];
  /** Aggregates that an interrupted rebuild has built, by their temporary names. */
  readonly nexts: ReadonlyMap<string, AggregateState>;
  readonly figures: ReadonlyMap<string, Figures>;
  /** The hazards of rebuilt aggregates whose columns would be computed from columns that are new and empty. */
  readonly emptied: ReadonlyMap<string, readonly Hazard[]>;
  /** Types of the columns of aggregates that grow. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly attachments: ReadonlyMap<string, Attachments>;
  readonly columnAttachments: ReadonlyMap<string, readonly ColumnAttachment[]>;
}

/** What a swap does for the policies of the aggregates that it replaces. */
export interface Moved {
  readonly sql: readonly string[];
  readonly hazards: readonly Hazard[];
}

/** How an engine reads, creates and changes aggregates. */
export interface AggregateDialect {
  readonly engine: EngineName;
  /** The aggregates of these names that exist. */
  read(db: Db, names: readonly string[]): Promise<readonly StoredAggregate[]>;
  /** The query whose printed form is the `definition` of an aggregate that is as declared. */
  definition(aggregate: ContinuousAggregate, realTime: boolean): string;
  /** Present on an engine whose aggregates have a `refreshQuery`, which is then compared too. */
  refreshQuery?(aggregate: ContinuousAggregate): string;
  readAttachments(db: Db, names: readonly string[]): Promise<ReadonlyMap<string, Attachments>>;
  /** A query with the column `range`: the time ranges of the chunks of a table. */
  chunks(table: { readonly schema: string; readonly name: string }): string;
  create(aggregate: ContinuousAggregate): readonly string[];
  /** The relation that takes an index of an aggregate, quoted. */
  indexed(aggregate: ContinuousAggregate): string;
  setRealTime(aggregate: ContinuousAggregate): readonly string[];
  /** Adds the declared columns that are missing, in place. `missing` has the type of each. */
  addColumns(aggregate: ContinuousAggregate, missing: ReadonlyMap<string, string>): readonly string[];
  /** Gives every `next` its final name, in one transaction. In `replaced`, each aggregate comes before the one that it reads. */
  swap(replacements: readonly Replacement[], replaced: readonly ContinuousAggregate[]): readonly string[];
  /** Whether the swap leaves the replaced aggregates as `<name>__old`, to be dropped afterwards. */
  readonly keepsOld: boolean;
  drop(aggregate: { readonly schema: string; readonly name: string }): readonly string[];
  /** The argument that makes a refresh also compute buckets whose rows did not change. */
  readonly force: string;
  readonly emulated?: string;
}

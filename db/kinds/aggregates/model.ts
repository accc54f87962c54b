// What the aggregates kind works with: states as read, and what an engine brings. Types only.
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
  /** An SQL expression: up to where it is materialised. */
  readonly watermark: string;
  /** Its query as the server prints it, and how many columns that has. */
  readonly definition: string;
  readonly columns: number;
  /** The text of the query that refreshes it, where an engine keeps one beside the definition. */
  readonly refreshQuery?: string;
}

/** A stored aggregate, compared with the declared one. */
export interface AggregateState extends StoredAggregate {
  /** Whether its stored query is the declared one. */
  readonly asDeclared: boolean;
  /** How many declared columns are missing at its end, when that is the only difference; otherwise 0. */
  readonly appended: number;
}

/** What hangs on an aggregate beside its query, and must survive when it is replaced. */
export interface Attachments {
  /** Statements that give grants, owner and comment to the relation of that name. */
  readonly statements: readonly string[];
  /** Views that read it and are not declared. They follow the replaced aggregate, not the name. */
  readonly dependents: readonly string[];
}

/** What changing an aggregate would read and could not compute again. */
export interface Figures {
  /** The source that is read. */
  readonly impact: Impact;
  /** Stored buckets whose source rows are gone: number, first start, last end. */
  readonly lost: number;
  readonly lostFrom: string | null;
  readonly lostTo: string | null;
  /** Stored buckets before `lostTo`; a forced refresh starts after them. */
  readonly before: number;
}

/** An aggregate that changes, and the relation whose remaining rows decide what can be computed again. */
export interface Changing {
  readonly aggregate: ContinuousAggregate;
  /** Absent when the aggregate is new and only built beside others that are replaced. */
  readonly state?: AggregateState;
  readonly origin: Relation;
  /** The origin as read, when it is an aggregate that exists. */
  readonly originState?: AggregateState;
}

/** What changes, and how. */
export interface Evolution {
  /** Gain columns at their end, in place. */
  readonly grown: readonly Changing[];
  /** Are built under another name and swapped in, sources first. */
  readonly rebuilt: readonly Changing[];
}

/** One aggregate of a swap: `next` takes the name of `aggregate`. */
export interface Replacement {
  readonly aggregate: ContinuousAggregate;
  readonly next: ContinuousAggregate;
  /** False when there is nothing of that name yet. */
  readonly replaces: boolean;
}

/** All that the kind has read. */
export interface AggregatesState {
  readonly states: ReadonlyMap<string, AggregateState>;
  readonly evolution: Evolution;
  /** Names of other relations that are in the way: `public.x is a table`. */
  readonly occupied: ReadonlyMap<string, string>;
  /** Keys of tsdb.pending_refresh, newest first: aggregates still to be filled, and what a rebuild has not finished. */
  readonly pending: readonly string[];
  /** Aggregates that an interrupted rebuild has built, by their temporary names. */
  readonly nexts: ReadonlyMap<string, AggregateState>;
  readonly figures: ReadonlyMap<string, Figures>;
  /** Types of the columns of aggregates that grow. */
  readonly types: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly attachments: ReadonlyMap<string, Attachments>;
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
  /** Present where `refreshQuery` is compared too. */
  refreshQuery?(aggregate: ContinuousAggregate): string;
  readAttachments(db: Db, names: readonly string[]): Promise<ReadonlyMap<string, Attachments>>;
  /** A query with columns `range`: the time that an aggregate's origin still has rows for. */
  coverage(changing: Changing): string;
  create(aggregate: ContinuousAggregate): readonly string[];
  setRealTime(aggregate: ContinuousAggregate): readonly string[];
  /** Appends the declared columns that are missing, in place; `types` are those of the columns. */
  addColumns(aggregate: ContinuousAggregate, missing: ReadonlyMap<string, string>): readonly string[];
  /** Lets every `next` take its name, in one transaction; the replaced ones come in an order in which readers come before what they read. */
  swap(replacements: readonly Replacement[], replaced: readonly ContinuousAggregate[]): readonly string[];
  /** Whether the swap leaves the replaced aggregates as `<name>__old`, to be dropped afterwards. */
  readonly keepsOld: boolean;
  drop(aggregate: { readonly schema: string; readonly name: string }): readonly string[];
  /** What a refresh must be told to compute buckets again that did not change. */
  readonly force: string;
  readonly emulated?: string;
}

// What a benchmark found: the document that `tsdb bench --json` prints. Types only; docs/benchmark.md explains each field.
import type { EngineName } from '../../../db/model';
import type { Measured } from './statistics';

export const PARTS = ['queries', 'ingest', 'compression', 'api', 'growth'] as const;
export type Part = (typeof PARTS)[number];

/** What was asked for. */
export interface BenchOptions {
  /** Days of readings that the queries go over. */
  readonly days: number;
  readonly sensors: number;
  /** Seconds between two readings of a sensor. */
  readonly intervalSeconds: number;
  /** Rows of one ingest measurement. */
  readonly rows: number;
  /** Measurements of each figure. */
  readonly repeat: number;
  readonly parts: readonly Part[];
}

export interface BenchReport {
  /** Version of this document's shape. */
  readonly format: 1;
  /** ISO 8601. */
  readonly started: string;
  readonly finished: string;
  /** How to get these figures again. */
  readonly command: string;
  readonly options: BenchOptions;
  readonly machine: Machine;
  readonly servers: readonly ServerReport[];
  readonly budgets: readonly Budget[];
  /** What a reader must know to read the figures right. */
  readonly notes: readonly string[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly node: string;
  /** Mean number of runnable processes in the last minute: before the run those of others, after it also its own. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

/** All that was measured on one server. A part that was not asked for, or is not for this engine, is absent. */
export interface ServerReport {
  readonly engine: EngineName;
  /** For people, for example `PostgreSQL 17.11 + TimescaleDB 2.29.2 Community (installed)`. */
  readonly describe: string;
  readonly postgresVersion: string;
  readonly timescaledbVersion: string | null;
  /** Parameters that affect speed, as SHOW prints them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly queries?: QueriesReport;
  readonly ingest?: IngestReport;
  readonly compression?: CompressionReport;
  readonly growth?: GrowthReport;
  readonly api?: ApiReport;
  readonly seconds: number;
}

export interface QueriesReport {
  /** Raw rows in the table. */
  readonly rows: number;
  readonly chunks: number;
  /** Chunks in the columnstore at the second measurement; 0 where there is none. */
  readonly compressedChunks: number;
  readonly cases: readonly QueryReport[];
}

export interface QueryReport {
  readonly id: string;
  readonly title: string;
  /** `schema.name` of the aggregate that answers. */
  readonly aggregate: string;
  /** Bounds of the range, ISO 8601, the end exclusive. */
  readonly from: string;
  readonly to: string;
  readonly rawRows: number;
  readonly answerRows: number;
  /** Largest relative difference of a figure on the two sides; above 1e-9 the benchmark fails. */
  readonly largestDifference: number;
  /** Answers computed in the server, raw rows stored as rows. */
  readonly asRows: SideBySide;
  /** The same with raw rows in the columnstore where they are old enough; absent where there is none. */
  readonly asDeclared?: SideBySide;
  /** The whole answer in the client; raw rows are stored as in `asDeclared`, or as in `asRows` where that is absent. */
  readonly wholeAnswer: SideBySide;
}

/** Raw rows and aggregate, in turns. */
export interface SideBySide {
  readonly raw: Measured;
  readonly aggregate: Measured;
  readonly ratio: Measured;
}

export interface IngestReport {
  /** Rows of one measurement. */
  readonly rows: number;
  readonly fileBytes: number;
  readonly methods: readonly IngestMethodReport[];
  /** Programs that were not found, so their method is missing. */
  readonly missing: readonly string[];
}

export interface IngestMethodReport {
  readonly id: string;
  readonly title: string;
  /** Rows of one measurement: slow methods get the first part of the same rows. */
  readonly rows: number;
  readonly speed: Measured;
  /** Speed relative to `psql \copy` in the same round; null where psql is missing. */
  readonly toPsqlCopy: Measured | null;
  /** Peak memory of the process; null when the method is not a process of its own, or the system does not report it. */
  readonly peakMemory: Measured | null;
}

export interface CompressionReport {
  readonly tables: readonly TableSaving[];
  /** The tables of each set of sample data together. */
  readonly sets: readonly SetSaving[];
  readonly total: Saving;
}

export interface Saving {
  readonly beforeBytes: number;
  readonly afterBytes: number;
  readonly savedPercent: number;
}

export interface SetSaving extends Saving {
  readonly set: string;
}

export interface TableSaving extends Saving {
  /** `schema.name` */
  readonly table: string;
  readonly rows: number;
  readonly chunks: number;
  readonly segmentBy: readonly string[];
}

export interface ApiReport {
  /** What was asked of both. */
  readonly question: string;
  readonly connections: number;
  readonly seconds: number;
  readonly api: Measured;
  readonly bareHandler: Measured;
  readonly ratio: Measured;
}

export interface GrowthReport {
  readonly charts: readonly GrowthChart[];
}

/** Figures over sizes that grow by about four times. */
export interface GrowthChart {
  /** What is measured. */
  readonly title: string;
  /** What grows. */
  readonly grows: string;
  /** The sizes, for people. */
  readonly at: readonly string[];
  /** Each has one figure for each size, all in one unit. */
  readonly lines: readonly { readonly title: string; readonly figures: readonly Measured[] }[];
}

/** A limit of the design, and whether this run kept it. */
export interface Budget {
  readonly id: string;
  readonly title: string;
  readonly engine: EngineName;
  /** For people, with its unit. */
  readonly limit: string;
  readonly found: string;
  readonly met: boolean;
}

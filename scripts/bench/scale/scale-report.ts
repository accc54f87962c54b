// What a run of the scale benchmark found, as data.
import type { EngineName } from '../../../db/model';
import type { Machine } from '../report/report';
import type { GrowthStep } from './growth';
import type { Cost, SystemRound } from './measure-system';

export interface SystemFigures {
  readonly engine: EngineName;
  readonly describe: string;
  readonly rounds: readonly SystemRound[];
}

export interface ScaleReport {
  readonly rows: number;
  readonly sensors: number;
  readonly machine: Machine;
  /** Shards of a table on Citus. */
  readonly shards: number;
  /** The first is one PostgreSQL, which the others are compared with. */
  readonly systems: readonly SystemFigures[];
  /** Empty where there is no Citus. */
  readonly growth: readonly GrowthStep[];
}

/** Processor time of a row; on Citus without the coordinator. Null when there was nothing to measure, or nothing to read it from. */
export function storedMicros(cost: Cost | null, engine: EngineName, rows: number): number | null {
  if (cost === null) return null;
  const servers = engine === 'citus' ? cost.cpu.slice(1) : cost.cpu;
  if (servers.some((seconds) => seconds === null)) return null;
  return (servers.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0) * 1e6) / rows;
}

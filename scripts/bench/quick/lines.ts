// The ratios of the quick benchmark: what each is called, what it is beside, and how it compares with a recorded one.
import { medianOf, withUnit } from '../report/format';
import { type Measured, summarize, summarizeRatio } from '../report/statistics';

/** One ratio: how many times as fast, or as small, as what stands beside it. More is better. */
export interface Ratio {
  readonly id: string;
  readonly title: string;
  /** For people, with units. */
  readonly ours: string;
  readonly beside: string;
  readonly ratio: number;
  /** A budget is a figure of one machine, so its ratios are not compared with those of another machine. */
  readonly against: 'peer' | 'budget';
}

type Named = Pick<Ratio, 'id' | 'title'>;

/** Milliseconds of pairs that were measured in turns. */
export function besidePeer(
  named: Named,
  ours: readonly number[],
  peer: { readonly name: string; readonly times: readonly number[] },
): Ratio {
  return {
    ...named,
    ours: medianOf(summarize(ours, 'ms')),
    beside: `${peer.name} ${medianOf(summarize(peer.times, 'ms'))}`,
    ratio: summarizeRatio(peer.times, ours).median,
    against: 'peer',
  };
}

/** A figure that must not be larger than a limit; one that is too small to be measured counts as a thousandth of it. */
export const besideBudget = (named: Named, ours: Measured, limit: number): Ratio => ({
  ...named,
  ours: medianOf(ours),
  beside: `budget ${withUnit(limit, ours.unit)}`,
  ratio: limit / Math.max(ours.median, limit / 1_000),
  against: 'budget',
});

/** Where and when ratios were recorded. */
export interface QuickRecord {
  readonly format: 1;
  readonly date: string;
  /** The commit that was checked out; null outside a repository. */
  readonly commit: string | null;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  /** For people, for example `PostgreSQL 18.6 + TimescaleDB 2.29.2 Community`. */
  readonly server: string;
  readonly ratios: Readonly<Record<string, number>>;
}

/** A recorded ratio, and by how much of it the one of now is higher; undefined where there is none to compare with. */
export interface Change {
  readonly recorded: number;
  readonly percent: number;
  readonly fell: boolean;
}

const TOLERATED_PERCENT = 15;

/** Compares a ratio of now, measured on `machine`. */
export function changeOf(
  { id, ratio, against }: Ratio,
  record: QuickRecord | undefined,
  machine: Pick<QuickRecord['machine'], 'cpu' | 'cores'>,
): Change | undefined {
  const recorded = record?.ratios[id];
  if (record === undefined || recorded === undefined) return undefined;
  const isSame = record.machine.cpu === machine.cpu && record.machine.cores === machine.cores;
  if (against === 'budget' && !isSame) return undefined;
  const percent = (ratio / recorded - 1) * 100;
  return { recorded, percent, fell: percent < -TOLERATED_PERCENT };
}

/** `+3 %`, `▼ −23 %`: what fell by more than 15 % is marked. */
export const changeText = ({ percent, fell }: Change): string =>
  `${fell ? '▼ ' : ''}${percent < 0 ? '−' : '+'}${Math.round(Math.abs(percent))} %`;

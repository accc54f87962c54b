// Says what a change of an aggregate loses of its history, and makes sure that it loses no more than that.
import { counted } from '../../core/quantities';
import type { Hazard } from '../../model';
import { EVER, goneBuckets } from './history';
import type { AggregateState, Figures } from './model';

/** The hazard of replacing or computing again buckets whose source rows are gone. */
export function historyLoss(
  name: string,
  {
    gone: { buckets, rows, from, to },
    otherSource,
    unknown,
  }: Pick<Figures, 'gone' | 'otherSource' | 'unknown'>,
): readonly Hazard[] {
  if (buckets === 0) return [];
  const which = `${counted(buckets, 'bucket')} of ${name} from ${from} to ${to} (${counted(rows, 'row')})`;
  const why =
    otherSource === undefined
      ? 'source rows of them are gone'
      : `they will be computed from ${otherSource}, which is not known to have all of their rows`;
  const reason =
    unknown === undefined
      ? `${which} will be missing or incomplete, because ${why}`
      : `${which} may be lost: they cannot be compared with their source, because the present query fails: ${unknown}`;
  return [{ name: 'loses-history', reason }];
}

/**
 * A statement that fails when a replaced aggregate would lose more stored rows than the plan says: somebody may have dropped
 * source rows while the new aggregate was being built.
 */
export function keepPromise(
  states: ReadonlyMap<string, AggregateState>,
  name: string,
  { gone: promise, compared, unknown }: Figures,
): readonly string[] {
  // Consent covers all stored rows then.
  if (unknown !== undefined) return [];
  const promised = promise.rows;
  const gone = goneBuckets(compared, { states, ...EVER, unknown: 'strict' });
  return [
    `DO $promise$
DECLARE gone_rows bigint;
BEGIN
  SELECT rows INTO gone_rows FROM (${gone}) gone;
  IF gone_rows > ${promised} THEN
    RAISE EXCEPTION '% rows of ${name} would be lost, but the plan says ${promised}: source rows were dropped in the meantime', gone_rows
      USING HINT = 'Plan again to see the loss.';
  END IF;
END $promise$`,
  ];
}

// The readings that every system gets: whole days up to the last midnight, as texts of COPY.
import { desiredFrom } from '../../../db/language/desired';
import { iot } from '../../../db/schema/iot';
import { service } from '../../../db/schema/service';
import { batches } from '../../generate/batches';
import type { SampleOptions } from '../../generate/sample';
import { iotSample } from '../../generate/sets/iot';

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;

/** The schema that is measured. */
export const scaleSchema = desiredFrom([iot, service]);

/** The rows of a measurement. */
export interface ScaleData {
  readonly rows: number;
  readonly sensors: number;
  readonly from: Date;
  readonly to: Date;
  /** Whole lines of COPY text. */
  readonly texts: readonly string[];
}

/** About `rows` readings: every sensor once a minute, over whole days. */
export function scaleData(rows: number, sensors: number, now = new Date()): ScaleData {
  const days = Math.max(1, Math.round(rows / sensors / DAY_MINUTES));
  const to = new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS);
  const from = new Date(to.getTime() - days * DAY_MS);
  const options: SampleOptions = { series: sensors, intervalSeconds: 60, seed: 1, gaps: 0, outliers: 0 };
  const texts: string[] = [];
  for (const { lines } of batches(iotSample, iotSample.begin(options), options, { from, to }))
    texts.push(lines[0]);
  return { rows: days * DAY_MINUTES * sensors, sensors, from, to, texts };
}

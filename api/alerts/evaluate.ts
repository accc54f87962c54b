// Compares readings with thresholds.

/** The range that a metric of a sensor should stay in; at least one end is given. */
export interface Threshold {
  readonly sensor_id: string | number;
  readonly metric: string;
  readonly minimum: number | null;
  readonly maximum: number | null;
}

/** A reading, as far as thresholds are concerned. */
export interface Reading {
  readonly time: string;
  readonly sensor_id: string;
  /** Its values by metric; absent and null mean that the metric was not read. */
  readonly values: Readonly<Record<string, number | null | undefined>>;
}

/** A reading outside its range. */
export interface Alert {
  /** Time of the reading. */
  readonly time: string;
  readonly sensor_id: string;
  /** `<metric>_low` or `<metric>_high`. */
  readonly alert_type: string;
  readonly message: string;
  readonly value: number;
  /** The limit that the value is beyond. */
  readonly threshold: number;
}

/**
 * The alerts that readings raise, in the order of readings and thresholds. A value that equals a limit is inside.
 * @param units what each metric is measured in, for the message.
 */
export function evaluate(
  readings: Iterable<Reading>,
  thresholds: readonly Threshold[],
  units: ReadonlyMap<string, string | undefined>,
): readonly Alert[] {
  const bySensor = new Map<string, Threshold[]>();
  for (const threshold of thresholds) {
    const id = String(threshold.sensor_id);
    bySensor.set(id, [...(bySensor.get(id) ?? []), threshold]);
  }
  const alerts: Alert[] = [];
  for (const { time, sensor_id, values } of readings) {
    for (const { metric, minimum, maximum } of bySensor.get(sensor_id) ?? []) {
      const value = values[metric];
      if (value === null || value === undefined) continue;
      const passed = (side: 'low' | 'high', threshold: number): Alert => ({
        time,
        sensor_id,
        alert_type: `${metric}_${side}`,
        message: `${metric} ${measured(value, units.get(metric))} is ${side === 'low' ? 'below' : 'above'} ${measured(threshold, units.get(metric))}`,
        value,
        threshold,
      });
      if (minimum !== null && value < minimum) alerts.push(passed('low', minimum));
      if (maximum !== null && value > maximum) alerts.push(passed('high', maximum));
    }
  }
  return alerts;
}

const measured = (value: number, unit: string | undefined): string =>
  unit ? `${value} ${unit}` : `${value}`;

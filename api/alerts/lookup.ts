// Looks up what a request about alerts names: the table, the sensor and the metric.
import { bareValue, converterOf } from '../database/converters';
import { ProblemError } from '../http/problems';
import { sensorType, type Watched } from './alert-tables';

/**
 * The watched table of that name; without a name the first one.
 * @throws ProblemError (unknown-table) that lists them.
 */
export function watchedNamed(tables: ReadonlyMap<string, Watched>, name: string | undefined): Watched {
  const [first] = tables.values();
  const found = name === undefined ? first : tables.get(name);
  if (found) return found;
  const known = [...tables.keys()].join(', ');
  throw new ProblemError(
    'unknown-table',
    known === ''
      ? 'No selected set has thresholds and alerts; add iot or monitoring to TSDB_SCHEMAS'
      : `${JSON.stringify(String(name).slice(0, 130))} is not a table with alerts; the tables with alerts are ${known}`,
  );
}

/**
 * The sensor's id as it is bound.
 * @throws ProblemError (bad-sensor-id) for a text that cannot be an id of this table.
 */
export function sensorOf(watched: Watched, text: string): string {
  const type = sensorType(watched);
  const converted = converterOf(type)(bareValue(type, text));
  if (typeof converted === 'string') return converted;
  throw new ProblemError('bad-sensor-id', `The sensor id ${converted.reason}`);
}

/**
 * The metric, when the table has it.
 * @throws ProblemError (bad-field) that lists the metrics.
 */
export function metricOf({ name, metrics }: Watched, metric: string): string {
  if (metrics.has(metric)) return metric;
  throw new ProblemError(
    'bad-field',
    `${JSON.stringify(metric.slice(0, 63))} is not a numeric column of ${name}; its numeric columns are ${[...metrics.keys()].join(', ')}`,
  );
}

// Reads the hazards that a command line accepts by name.
import { UsageError } from '../db/core/errors';
import type { HazardName } from '../db/model';

const HAZARDS: readonly HazardName[] = [
  'deletes-data',
  'rewrites-data',
  'blocks-reads',
  'blocks-writes',
  'loses-history',
  'long-running',
  'drops-object',
];

/**
 * Hazards named on the command line.
 * @param known the hazards that the command can have.
 * @throws UsageError when another one is named.
 */
export function parseHazards(text: string, known: readonly HazardName[] = HAZARDS): readonly HazardName[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new UsageError(`--allow ${unknown.join(',')}: unknown hazard; choose from ${known.join(', ')}`);
  return names as HazardName[];
}

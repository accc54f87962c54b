// All schema sets, and the setting that selects some of them.
import { UsageError } from '../core/errors';
import type { Setting } from '../core/settings';
import type { SchemaSet } from '../language/schema-set';
import { access } from './access';
import { apm } from './apm';
import { business } from './business';
import { iot } from './iot';
import { market } from './market';
import { metrics } from './metrics';
import { monitoring } from './monitoring';
import { plant } from './plant';
import { service } from './service';
import { serving } from './serving';
import { telemetry } from './telemetry';

/** Every set of this repository, by name. */
export const schemaSets: Readonly<Record<string, SchemaSet>> = {
  iot,
  monitoring,
  market,
  apm,
  business,
  metrics,
  telemetry,
  plant,
  service,
  access,
  serving,
};

/** The setting that selects sets. By default these are the sensor readings and the API's own tables. */
export const schemasSetting = {
  name: 'TSDB_SCHEMAS',
  default: 'iot,service',
  meaning: 'comma-separated schema sets to apply and to serve',
} as const satisfies Setting;

/**
 * Picks sets by name.
 * @param names as in `TSDB_SCHEMAS`: names separated by commas.
 * @throws UsageError for a name that does not exist.
 */
export function selectSets(names: string): readonly SchemaSet[] {
  const wanted = [
    ...new Set(
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
  ];
  const unknown = wanted.filter((name) => !(name in schemaSets));
  if (unknown.length > 0 || wanted.length === 0) {
    throw new UsageError(
      `TSDB_SCHEMAS is "${names}": ${unknown.length > 0 ? `unknown set ${unknown.join(', ')}` : 'no set named'}; choose from ${Object.keys(schemaSets).join(', ')}`,
    );
  }
  return wanted.map((name) => schemaSets[name] as SchemaSet);
}
